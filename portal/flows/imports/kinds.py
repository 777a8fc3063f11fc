"""The kinds of table that can be imported: their columns, the headings people use, and how cells are read.

Headings are compared without case, spaces and punctuation, in Chinese and English. An unknown heading is left for
the person to map, or to leave out.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.flows.imports import cells
from portal.flows.imports.faults import N_, ColumnsMissing, UnknownColumn, UnknownKind
from portal.flows.imports.tables import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value a row may hold.

    Attributes:
        name: Name in code and in mappings.
        label: English label; marked for translation.
        zh: Chinese heading of the template.
        headings: Other headings that mean the same, normalised by ``normal``.
        read: Turns a cell's text into the value; raises ``BadCell``.
        required: Whether every row needs it, and so every file a column for it.
        example: Cell of the template's example row.
    """

    name: str
    label: str
    zh: str
    headings: tuple[str, ...]
    read: Callable[[str], Any]
    required: bool = False
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of table.

    Attributes:
        name: ``products``, ``units``, ``partners``, ``locations``, ``stock`` or ``orders``.
        label: English name; marked for translation.
        fields: Its columns, in the template's order.
        key: Fields whose values together name one thing; a file may not hold the same twice.
        zone: IANA zone of the times in it.
        more_examples: Further rows of the template, where one does not show how rows belong together.
    """

    name: str
    label: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    zone: str = "UTC"
    more_examples: tuple[tuple[str, ...], ...] = ()

    def field(self, name: str) -> Field:
        """Return the field called ``name``.

        Raises:
            UnknownColumn: There is none.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise UnknownColumn(f"{self.name} has no field {name}.", field=name)


def normal(heading: str) -> str:
    """Return a heading as it is compared: plain characters, lower case, without space, punctuation or brackets."""
    return re.sub(r"[\W_]+", "", cells.plain(re.sub(r"[(（].*?[)）]", "", heading)).lower())


def _f(name: str, label: str, zh: str, headings: str, read: Callable[[str], Any], example: str = "") -> Field:
    required = label.endswith("*")
    label = label.rstrip("*")
    known = (normal(label), normal(zh), normal(name), *(normal(h) for h in headings.split("|") if h))
    return Field(name=name, label=label, zh=zh, headings=known, read=read, required=required, example=example)


_KINDS_OF_PLACE = {
    "own": "own",
    "自有仓": "own",
    "third_party": "third_party",
    "third party": "third_party",
    "3pl": "third_party",
    "第三方仓": "third_party",
    "forward": "forward",
    "前置仓": "forward",
    "shelf": "shelf",
    "门店货架": "shelf",
    "门店": "shelf",
}
_PLACE_LEVELS = {
    "node": "node",
    "warehouse": "node",
    "仓": "node",
    "仓库": "node",
    "zone": "zone",
    "area": "zone",
    "库区": "zone",
    "bin": "bin",
    "货位": "bin",
}
_TRACKING = {"lot": "lot", "批次": "lot", "按批次": "lot", "none": "none", "无": "none", "不追踪": "none"}
_STATES = {
    "open": "open",
    "未完成": "open",
    "待发": "open",
    "待发货": "open",
    "fulfilled": "fulfilled",
    "shipped": "fulfilled",
    "已完成": "fulfilled",
    "已发货": "fulfilled",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "已取消": "cancelled",
}
_UNITS = {
    **dict.fromkeys(
        ("c62", "ea", "pc", "pcs", "piece", "件", "个", "只", "支", "瓶", "盒", "袋", "罐", "包"), "C62"
    ),
    **dict.fromkeys(("kgm", "kg", "公斤", "千克"), "KGM"),
    **dict.fromkeys(("grm", "g", "克"), "GRM"),
    **dict.fromkeys(("ltr", "l", "升"), "LTR"),
}

_SKU = "sku|stockcode|item|itemno|item number|product code|商品编码|货号|物料编码|商品代码|产品编号|编码|品号"

PRODUCTS = Kind(
    name="products",
    label=N_("Products"),
    key=("sku",),
    fields=(
        _f("sku", N_("Product number") + "*", "商品编号", _SKU, cells.code, "MC-250"),
        _f(
            "gtin",
            N_("GTIN"),
            "商品条码",
            "barcode|ean|ean13|upc|条码|条形码|国际条码|69码",
            cells.gtin,
            "9521234500018",
        ),
        _f(
            "name_zh",
            N_("Chinese name"),
            "中文名称",
            "品名|名称|商品名称|产品名称|物料名称",
            cells.words,
            "双黄莲蓉月饼",
        ),
        _f(
            "name_en",
            N_("English name"),
            "英文名称",
            "name|product|product name|description|英文名",
            cells.words,
            "Lotus mooncake",
        ),
        _f("category", N_("Category"), "类别", "分类|品类|product group", cells.words, "月饼 mooncake"),
        _f("base_unit", N_("Base unit"), "基本单位", "单位|unit|uom|计量单位", cells.choice_reader(_UNITS), "C62"),
        _f("decimals", N_("Decimals"), "小数位", "小数位数", cells.whole, "0"),
        _f(
            "pack",
            N_("Pieces in a case"),
            "箱规",
            "pack|pack size|case size|每箱数量|装箱数|箱入数",
            cells.number_text,
            "12",
        ),
        _f("tracking", N_("Tracking"), "追踪方式", "追踪|批次管理", cells.choice_reader(_TRACKING), "lot"),
        _f("shelf_life_days", N_("Shelf life in days"), "保质期天数", "保质期|shelf life", cells.whole, "90"),
    ),
)

PARTNERS = Kind(
    name="partners",
    label=N_("Partners"),
    key=("code",),
    fields=(
        _f(
            "code",
            N_("Partner code") + "*",
            "伙伴编号",
            "code|customerid|customer no|supplier code|客户编号|客户编码|供应商编号|供应商编码|编号",
            cells.code,
            "C-0001",
        ),
        _f(
            "name_zh", N_("Chinese name"), "中文名称", "名称|公司名称|客户名称|供应商名称", cells.words, "晨曦商超"
        ),
        _f(
            "name_en",
            N_("English name"),
            "英文名称",
            "name|company|company name|英文名",
            cells.words,
            "Chenxi Markets",
        ),
        _f("roles", N_("Roles") + "*", "角色", "role|类型|伙伴类型", cells.roles, "customer"),
        _f("uscc", N_("Social credit code"), "统一社会信用代码", "uscc|信用代码|税号", cells.code, ""),
        _f("gln", N_("GLN"), "全球位置码", "gln|位置码", cells.code, ""),
        _f("country", N_("Country"), "国家", "国家地区|country code", cells.words, "CN"),
    ),
)

LOCATIONS = Kind(
    name="locations",
    label=N_("Warehouses"),
    key=("code",),
    more_examples=(("A", "常温区", "Ambient", "", "zone", "SH-1"), ("A-01", "", "", "", "bin", "A")),
    fields=(
        _f(
            "code",
            N_("Warehouse code") + "*",
            "仓库编号",
            "code|warehouse|location|仓库编码|库位编号|编号",
            cells.code,
            "SH-1",
        ),
        _f("name_zh", N_("Chinese name"), "中文名称", "名称|仓库名称", cells.words, "上海总仓"),
        _f("name_en", N_("English name"), "英文名称", "name|warehouse name", cells.words, "Shanghai main"),
        _f(
            "kind",
            N_("Kind of warehouse"),
            "仓库类型",
            "kind|type|类型",
            cells.choice_reader(_KINDS_OF_PLACE),
            "own",
        ),
        _f("level", N_("Level"), "层级", "place level|级别|库位层级", cells.choice_reader(_PLACE_LEVELS), "node"),
        _f(
            "parent",
            N_("Belongs to"),
            "所属编号",
            "parent|parent code|within|所属|所属仓库|所属库区|上级|上级编号|父级",
            cells.code,
            "",
        ),
    ),
)

STOCK = Kind(
    name="stock",
    label=N_("Counted stock"),
    key=("sku", "location", "lot"),
    fields=(
        _f("sku", N_("Product number") + "*", "商品编号", _SKU, cells.code, "MC-250"),
        _f(
            "location",
            N_("Warehouse code") + "*",
            "仓库编号",
            "warehouse|location|仓库|仓库编码|库位|货位",
            cells.code,
            "SH-1",
        ),
        _f(
            "lot", N_("Lot"), "批次", "batch|lot no|lot number|batch no|批号|批次号|生产批号", cells.code, "L2609A"
        ),
        _f(
            "made_on",
            N_("Made on"),
            "生产日期",
            "production date|mfg date|manufactured|制造日期",
            cells.day,
            "2026-09-01",
        ),
        _f(
            "expires_on",
            N_("Expires on"),
            "到期日",
            "expiry|expiry date|best before|有效期|有效期至|失效日期",
            cells.day,
            "2026-11-30",
        ),
        _f(
            "quantity",
            N_("Quantity on hand") + "*",
            "在库数量",
            "qty|quantity|stock|on hand|数量|库存|库存数量|实盘数",
            cells.number_text,
            "1,200",
        ),
    ),
)


_LEVELS = {
    "each": "each",
    "单品": "each",
    "最小包装": "each",
    "inner": "inner",
    "中包": "inner",
    "中盒": "inner",
    "case": "case",
    "carton": "case",
    "箱": "case",
    "外箱": "case",
    "pallet": "pallet",
    "托盘": "pallet",
    "托": "pallet",
    "none": "",
    "无": "",
    "不是包装": "",
}

UNITS = Kind(
    name="units",
    label=N_("Units and packaging"),
    key=("sku", "unit", "valid_from"),
    fields=(
        _f("sku", N_("Product number") + "*", "商品编号", _SKU, cells.code, "NT-500"),
        _f("unit", N_("Unit") + "*", "单位", "uom|unit of measure|包装单位|计量单位|换算单位", cells.unit, "箱"),
        _f(
            "holds",
            N_("One unit holds") + "*",
            "每单位含量",
            "holds|ratio|factor|conversion factor|quantity per unit|换算率|换算系数|含量|转换系数",
            cells.ratio,
            "12",
        ),
        _f("of_unit", N_("Of unit"), "含量单位", "of|base unit|对应单位|基本单位|目标单位", cells.unit, "公斤"),
        _f(
            "level",
            N_("Packaging level"),
            "包装层级",
            "level|packaging|层级|包装级别",
            cells.choice_reader(_LEVELS),
            "case",
        ),
        _f(
            "valid_from",
            N_("Valid from"),
            "生效日期",
            "from|start|effective date|起始日期|启用日期",
            cells.day,
            "2026-01-01",
        ),
        _f("valid_until", N_("Valid until"), "失效日期", "until|end|to|截止日期|停用日期", cells.day, ""),
        _f("label_zh", N_("Own Chinese name"), "自定义中文名", "单位名称|中文单位", cells.unit_label, ""),
        _f("label_en", N_("Own English name"), "自定义英文名", "unit name|英文单位", cells.unit_label, ""),
    ),
)


def orders(zone: str) -> Kind:
    """Return the kind "sales orders" whose times were written by a clock in ``zone``."""
    return Kind(
        name="orders",
        label=N_("Sales orders"),
        key=("number", "line_no"),
        zone=zone,
        fields=(
            _f(
                "number",
                N_("Order number") + "*",
                "订单号",
                "invoiceno|invoice no|invoice|order no|so no|单号|订单编号|销售单号|发票号",
                cells.code,
                "SO-1001",
            ),
            _f("line_no", N_("Line"), "行号", "line no|pos|行", cells.whole, "1"),
            _f(
                "customer",
                N_("Customer code"),
                "客户编号",
                "customerid|customer|customer no|customer id|客户|客户编码",
                cells.code,
                "C-0001",
            ),
            _f("country", N_("Country"), "国家", "国家地区", cells.words, ""),
            _f(
                "ordered_at",
                N_("Ordered at") + "*",
                "下单时间",
                "invoicedate|invoice date|order date|date|下单日期|订单日期|日期|开票日期",
                cells.instant_reader(zone),
                "2026-11-20 09:30",
            ),
            _f(
                "needed_on",
                N_("Needed on"),
                "需求日期",
                "due date|delivery date|requested|交货日期|要货日期|交期",
                cells.day,
                "2026-11-27",
            ),
            _f("state", N_("State"), "状态", "status|订单状态", cells.choice_reader(_STATES), "open"),
            _f("sku", N_("Product number") + "*", "商品编号", _SKU, cells.code, "MC-250"),
            _f(
                "description",
                N_("Product name"),
                "商品名称",
                "description|product name|品名|名称",
                cells.words,
                "",
            ),
            _f("quantity", N_("Quantity") + "*", "数量", "qty|订购数量|销售数量|件数", cells.number_text, "24"),
            _f("unit_price", N_("Unit price"), "单价", "unitprice|price|价格|销售单价", cells.price, "38.50"),
            _f("location", N_("Warehouse code"), "仓库编号", "warehouse|location|仓库|发货仓", cells.code, ""),
        ),
    )


NAMES = ("products", "units", "partners", "locations", "stock", "orders")
"""Kinds in the order in which a new company needs them."""


def kind_of(name: str, *, zone: str) -> Kind:
    """Return the kind called ``name``.

    Raises:
        UnknownKind: There is none.
    """
    fixed = {kind.name: kind for kind in (PRODUCTS, UNITS, PARTNERS, LOCATIONS, STOCK)}
    if name == "orders":
        return orders(zone)
    if name not in fixed:
        raise UnknownKind(f"There is no import of {name!r}.", kind=name)
    return fixed[name]


def guess_mapping(kind: Kind, headers: Sequence[str]) -> dict[str, int]:
    """Guess which column holds which field, by heading; each column serves at most one field."""
    return _by_heading(kind, [_readings(header) for header in headers])


def _readings(header: str) -> set[str]:
    """Return the ways to read a heading: as a whole, and by language where it is written in two."""
    parts = re.findall(r"[\u4e00-\u9fff]+|[^\u4e00-\u9fff]+", header)
    return {normal(header), *(normal(part) for part in parts)} - {""}


def _by_heading(kind: Kind, readings: list[set[str]]) -> dict[str, int]:
    mapping: dict[str, int] = {}
    for field in kind.fields:
        for heading in field.headings:
            index = next(
                (i for i, said in enumerate(readings) if heading in said and i not in mapping.values()), None
            )
            if index is not None:
                mapping[field.name] = index
                break
    return mapping


def check_mapping(kind: Kind, sheet: Sheet, mapping: Mapping[str, int]) -> None:
    """Check that a mapping fits the file and holds all that every row needs.

    Raises:
        UnknownColumn: A field or column that does not exist, or one column for two fields.
        ColumnsMissing: A required field has no column.
    """
    for name, index in mapping.items():
        kind.field(name)
        if not 0 <= index < len(sheet.headers):
            raise UnknownColumn(f"The file has no column {index + 1}.", field=name)
    if len(set(mapping.values())) != len(mapping):
        raise UnknownColumn("One column is used for two fields.", field="")
    missing = [field for field in kind.fields if field.required and field.name not in mapping]
    if missing:
        names = ", ".join(f"{field.label} {field.zh}" for field in missing)
        raise ColumnsMissing(f"No column for: {names}.", names=names, fields=[field.name for field in missing])
