"""Who and what the demo company trades with; every name is made up, every domain ends in .example.

GTINs begin with 952, the prefix GS1 keeps for examples (GS1 General Specifications 1.4.2).
"""

from dataclasses import dataclass

from portal.inventory.model import LocationDraft, ProductDraft
from portal.partners.model import PartnerDraft

COMPANY_ZH = "锦程食品商贸"
COMPANY_EN = "Jincheng Food & Gifts"

PEOPLE: tuple[tuple[str, str, str], ...] = (
    ("customer", "ordinary", "buyer@chenxi.example"),
    ("customer", "key", "buyer@huayue.example"),
    ("customer", "strategic", "planner@shengli.example"),
    ("supplier", "", "desk@jiangnan.example"),
    ("auditor", "", "auditor@hengxin.example"),
    ("operator", "", "operator@jincheng.example"),
)
"""Role, tier and address of everybody who can sign in."""

NAMES = {
    "buyer@chenxi.example": ("林晓 Lin Xiao", "C-01"),
    "buyer@huayue.example": ("陈立 Chen Li", "C-02"),
    "planner@shengli.example": ("高悦 Gao Yue", "C-03"),
    "desk@jiangnan.example": ("吴芳 Wu Fang", "S-01"),
    "auditor@hengxin.example": ("沈岩 Shen Yan", "A-01"),
    "operator@jincheng.example": ("周敏 Zhou Min", ""),
}
"""Name and firm of each of them, by address."""

PARTNERS = (
    PartnerDraft(code="C-01", name_zh="晨曦便利", name_en="Chenxi Convenience", roles=("customer",), country="CN"),
    PartnerDraft(
        code="C-02", name_zh="华悦商超", name_en="Huayue Supermarkets", roles=("customer",), country="CN"
    ),
    PartnerDraft(code="C-03", name_zh="盛礼集团", name_en="Shengli Gift Group", roles=("customer",), country="CN"),
    PartnerDraft(code="S-01", name_zh="江南糕饼厂", name_en="Jiangnan Bakery", roles=("supplier",), country="CN"),
    PartnerDraft(code="S-02", name_zh="云岭茶业", name_en="Yunling Tea", roles=("supplier",), country="CN"),
    PartnerDraft(code="S-03", name_zh="远山农产", name_en="Yuanshan Produce", roles=("supplier",), country="CN"),
    PartnerDraft(code="A-01", name_zh="衡信审核", name_en="Hengxin Assurance", roles=("auditor",), country="CN"),
)

LOCATIONS = (
    LocationDraft(code="SH-1", name_zh="上海总仓", name_en="Shanghai main", kind="own"),
    LocationDraft(code="JX-3PL", name_zh="嘉兴第三方仓", name_en="Jiaxing third-party", kind="third_party"),
    LocationDraft(code="HZ-F", name_zh="杭州前置仓", name_en="Hangzhou forward", kind="forward"),
)

LEAD_DAYS = {"S-01": 4, "S-02": 6, "S-03": 14}
"""Days from order to receipt; S-03 is the slow one."""


@dataclass(frozen=True, slots=True)
class Item:
    """A product of the demo.

    Attributes:
        sku: The company's number.
        zh: Chinese name.
        en: English name.
        category: Range.
        supplier: Partner code of who makes it.
        daily: Base units sold on a usual day.
        pack: Base units in a case.
        shelf_days: Shelf life in days; 0 for goods that keep, which are not tracked by lot.
        price: Price of one base unit in cents.
        festival: ``autumn``, ``spring`` or empty.
        decimals: Decimals of the base unit; above 0 the unit is the kilogram.
    """

    sku: str
    zh: str
    en: str
    category: str
    supplier: str
    daily: int
    pack: int
    shelf_days: int
    price: int
    festival: str = ""
    decimals: int = 0


_MOON, _TEA, _NUTS, _CAKE = "月饼 Mooncakes", "茶 Tea", "坚果 Nuts", "糕点 Pastry"
_LARDER, _DRINK, _GIFT = "南北货 Larder", "饮品 Drinks", "礼品 Gifts"

ITEMS = (
    Item(
        "MC-101",
        "双黄莲蓉月饼 4 枚",
        "Lotus mooncakes, two yolks, 4 pcs",
        _MOON,
        "S-01",
        16,
        12,
        60,
        12800,
        "autumn",
    ),
    Item("MC-102", "五仁月饼 4 枚", "Five-kernel mooncakes, 4 pcs", _MOON, "S-01", 12, 12, 75, 9800, "autumn"),
    Item("MC-103", "流心奶黄月饼 6 枚", "Custard mooncakes, 6 pcs", _MOON, "S-01", 18, 12, 45, 15800, "autumn"),
    Item("MC-104", "苏式鲜肉月饼 2 枚", "Suzhou pork mooncakes, 2 pcs", _MOON, "S-01", 20, 24, 20, 2600, "autumn"),
    Item("MC-105", "冰皮月饼 4 枚", "Snow-skin mooncakes, 4 pcs", _MOON, "S-01", 10, 12, 30, 10800, "autumn"),
    Item("CK-201", "桂花糕 300 g", "Osmanthus cake, 300 g", _CAKE, "S-01", 34, 24, 40, 2200),
    Item("CK-202", "绿豆糕 280 g", "Mung bean cake, 280 g", _CAKE, "S-01", 42, 24, 45, 1900),
    Item("CK-203", "核桃酥 400 g", "Walnut shortbread, 400 g", _CAKE, "S-01", 38, 20, 120, 2600),
    Item("CK-204", "蝴蝶酥 250 g", "Butterfly puff, 250 g", _CAKE, "S-01", 45, 20, 60, 2400),
    Item("CK-205", "八宝饭 350 g", "Eight-treasure rice, 350 g", _CAKE, "S-01", 14, 24, 180, 1800, "spring"),
    Item("CK-206", "年糕 500 g", "New-year rice cake, 500 g", _CAKE, "S-01", 22, 20, 90, 1500, "spring"),
    Item("CK-207", "芝麻汤圆 400 g", "Sesame dumplings, 400 g", _CAKE, "S-01", 26, 20, 240, 1900, "spring"),
    Item("TE-301", "明前龙井 100 g", "Longjing, before Qingming, 100 g", _TEA, "S-02", 9, 30, 540, 23800),
    Item("TE-302", "碧螺春 100 g", "Biluochun, 100 g", _TEA, "S-02", 7, 30, 540, 19800),
    Item("TE-303", "铁观音 250 g", "Tieguanyin, 250 g", _TEA, "S-02", 11, 24, 540, 12800),
    Item("TE-304", "普洱饼 357 g", "Pu'er cake, 357 g", _TEA, "S-02", 6, 28, 0, 26800),
    Item("TE-305", "茉莉花茶 200 g", "Jasmine tea, 200 g", _TEA, "S-02", 15, 24, 540, 6800),
    Item("TE-306", "桂花乌龙袋泡 20 包", "Osmanthus oolong, 20 bags", _TEA, "S-02", 24, 36, 540, 3900),
    Item("TE-307", "菊花茶 80 g", "Chrysanthemum tea, 80 g", _TEA, "S-02", 18, 36, 360, 2900),
    Item("TE-308", "茶礼盒 三罐装", "Tea gift box, three tins", _TEA, "S-02", 8, 6, 540, 36800, "spring"),
    Item("NT-401", "每日坚果 30 包", "Daily nuts, 30 bags", _NUTS, "S-03", 28, 8, 240, 9900, "spring"),
    Item("NT-402", "临安山核桃 500 g", "Lin'an hickory nuts, 500 g", _NUTS, "S-03", 16, 20, 270, 8800, "spring"),
    Item("NT-403", "开心果 500 g", "Pistachios, 500 g", _NUTS, "S-03", 20, 20, 300, 7600, "spring"),
    Item("NT-404", "奶香葵花籽 400 g", "Milk sunflower seeds, 400 g", _NUTS, "S-03", 36, 24, 240, 1900),
    Item("NT-405", "散装核桃仁", "Walnut kernels, loose", _NUTS, "S-03", 25, 10, 180, 5200, "", 1),
    Item("NT-406", "坚果大礼盒", "Grand nut gift box", _NUTS, "S-03", 9, 4, 240, 29800, "spring"),
    Item("LD-501", "百花蜂蜜 500 g", "Wildflower honey, 500 g", _LARDER, "S-03", 14, 12, 720, 5800),
    Item("LD-502", "五常大米 5 kg", "Wuchang rice, 5 kg", _LARDER, "S-03", 30, 4, 360, 7900),
    Item("LD-503", "山茶油 1 L", "Camellia oil, 1 L", _LARDER, "S-03", 12, 6, 540, 11800),
    Item("LD-504", "东北黑木耳 250 g", "Black fungus, 250 g", _LARDER, "S-03", 10, 24, 720, 4600),
    Item("LD-505", "香菇 200 g", "Shiitake, 200 g", _LARDER, "S-03", 13, 24, 540, 3900),
    Item("LD-506", "广式腊肠 500 g", "Cantonese sausage, 500 g", _LARDER, "S-03", 11, 20, 150, 6900, "spring"),
    Item("LD-507", "金华火腿切片 200 g", "Jinhua ham, sliced, 200 g", _LARDER, "S-03", 8, 20, 120, 8600, "spring"),
    Item("DR-601", "杨梅汁 1 L", "Bayberry juice, 1 L", _DRINK, "S-02", 32, 12, 270, 1800),
    Item("DR-602", "酸梅汤 500 ml", "Sour plum drink, 500 ml", _DRINK, "S-02", 48, 24, 270, 900),
    Item("DR-603", "桂花米酒 750 ml", "Osmanthus rice wine, 750 ml", _DRINK, "S-02", 12, 12, 540, 5800, "autumn"),
    Item("DR-604", "燕麦奶 1 L", "Oat drink, 1 L", _DRINK, "S-02", 40, 12, 180, 1600),
    Item("GF-701", "青瓷盖碗", "Celadon gaiwan", _GIFT, "S-02", 5, 12, 0, 16800),
    Item("GF-702", "竹编礼篮", "Woven bamboo hamper", _GIFT, "S-03", 7, 10, 0, 4900, "spring"),
    Item("GF-703", "红包封 10 枚", "Red envelopes, 10 pcs", _GIFT, "S-03", 15, 100, 0, 600, "spring"),
)


def gtin_of(number: int) -> str:
    """Return the 14 digits of an example GTIN.

    Args:
        number: The item's place in the catalogue, from 0.
    """
    body = f"0952{1000 + number * 7:09d}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


TEAPOT = ProductDraft(
    sku="GF-704",
    gtin=gtin_of(len(ITEMS)),
    name_zh="手绘紫砂壶",
    name_en="Hand-painted Yixing teapot",
    category=_GIFT,
    tracking="serial",
)
"""Each piece has a number of its own; nobody ordered one in the demo's year."""


def products() -> list[ProductDraft]:
    """Return the catalogue as the inventory room takes it."""
    return [
        TEAPOT,
        *(
            ProductDraft(
                sku=item.sku,
                gtin=gtin_of(number),
                name_zh=item.zh,
                name_en=item.en,
                category=item.category,
                base_unit="KGM" if item.decimals else "C62",
                decimals=item.decimals,
                pack_quanta=item.pack * 10**item.decimals,
                tracking="lot" if item.shelf_days else "none",
                shelf_life_days=item.shelf_days or None,
            )
            for number, item in enumerate(ITEMS)
        ),
    ]
