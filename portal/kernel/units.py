"""Units of measure by code: what each is called in both languages, and what it measures.

Codes are those of UN/ECE Recommendation 20; packages carry Recommendation 21's codes behind an X, as
Recommendation 20 has them. Some sixty are kept here by hand: the list has 2,162, and its factors are prose.
Factors are exact by definition (ISO 80000; the international pound and inch of 1959). What a package holds is a
fact of each product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Level(StrEnum):
    """How far a package is from the single piece; each level holds the ones before it."""

    EACH = "each"
    INNER = "inner"
    CASE = "case"
    PALLET = "pallet"

    @property
    def rank(self) -> int:
        """Place among the levels, from 0."""
        return tuple(Level).index(self)


@dataclass(frozen=True, slots=True)
class Standard:
    """A unit everybody means the same by.

    Attributes:
        code: Its code.
        zh: Short Chinese name, as it stands beside a figure.
        en: Short English name, as it stands beside a figure.
        measures: ``mass``, ``volume``, ``length``, ``area``, ``count``, or empty for a package.
        factor: How many kilograms, litres, metres, square metres or pieces it is; 1 for a package.
        words: Other ways people write it, in lower case.
    """

    code: str
    zh: str
    en: str
    measures: str
    factor: Fraction
    words: tuple[str, ...] = ()


def _s(code: str, zh: str, en: str, measures: str = "", factor: str = "1", words: str = "") -> Standard:
    return Standard(code, zh, en, measures, Fraction(factor), tuple(words.split("|")) if words else ())


_ALL = (
    _s("KGM", "公斤", "kg", "mass", "1", "千克|kilogram|kilograms|kgs"),
    _s("GRM", "克", "g", "mass", "1/1000", "gram|grams|gr"),
    _s("MGM", "毫克", "mg", "mass", "1/1000000", "milligram"),
    _s("TNE", "吨", "t", "mass", "1000", "tonne|公吨|ton"),
    _s("DTN", "公担", "dt", "mass", "100"),
    _s("LBR", "磅", "lb", "mass", "45359237/100000000", "lbs|pound|pounds"),
    _s("ONZ", "盎司", "oz", "mass", "45359237/1600000000", "ounce|ounces"),
    _s("LTR", "升", "l", "volume", "1", "公升|litre|liter|litres"),
    _s("DLT", "分升", "dl", "volume", "1/10"),
    _s("CLT", "厘升", "cl", "volume", "1/100"),
    _s("MLT", "毫升", "ml", "volume", "1/1000", "millilitre|milliliter"),
    _s("HLT", "百升", "hl", "volume", "100"),
    _s("MTQ", "立方米", "m³", "volume", "1000", "m3|方"),
    _s("DMQ", "立方分米", "dm³", "volume", "1", "dm3"),
    _s("CMQ", "立方厘米", "cm³", "volume", "1/1000", "cm3"),
    _s("GLL", "美制加仑", "US gal", "volume", "473176473/125000000", "加仑|gal|gallon"),
    _s("GLI", "英制加仑", "UK gal", "volume", "454609/100000"),
    _s("OZA", "美制液盎司", "fl oz", "volume", "473176473/16000000000"),
    _s("MTR", "米", "m", "length", "1", "公尺|metre|meter"),
    _s("CMT", "厘米", "cm", "length", "1/100"),
    _s("MMT", "毫米", "mm", "length", "1/1000"),
    _s("KMT", "千米", "km", "length", "1000", "公里"),
    _s("INH", "英寸", "in", "length", "254/10000", "inch"),
    _s("FOT", "英尺", "ft", "length", "3048/10000", "foot|feet"),
    _s("YRD", "码", "yd", "length", "9144/10000", "yard"),
    _s("MTK", "平方米", "m²", "area", "1", "m2|平米|平方"),
    _s("CMK", "平方厘米", "cm²", "area", "1/10000", "cm2"),
    _s("FTK", "平方英尺", "sq ft", "area", "9290304/100000000", "sqft|ft2"),
    _s("C62", "件", "pcs", "count", "1", "个|只|支|枚|粒|颗|ea|pc|piece|pieces|one|unit"),
    _s("H87", "件", "pcs", "count", "1"),
    _s("EA", "件", "each", "count", "1"),
    _s("DZN", "打", "doz", "count", "12", "dozen"),
    _s("GRO", "罗", "gross", "count", "144"),
    _s("CEN", "百件", "100s", "count", "100", "hundred"),
    _s("MIL", "千件", "1000s", "count", "1000", "thousand"),
    _s("SET", "套", "set", words="sets"),
    _s("PR", "双", "pr", words="对|副|pair|pairs"),
    _s("PTN", "份", "ptn", words="portion|portions|serving|餐份"),
    _s("AS", "什锦装", "assort.", words="组合装|assortment"),
    _s("XCS", "箱", "cs", words="case|cases|整箱"),
    _s("XCT", "纸箱", "ctn", words="carton|ctns"),
    _s("XBX", "盒", "box", words="boxes|小盒"),
    _s("XPX", "托盘", "plt", words="托|板|卡板|栈板|pallet|pallets"),
    _s("XPK", "包", "pk", words="包装|package|pack"),
    _s("XPA", "小包", "pkt", words="packet"),
    _s("XBG", "袋", "bag", words="bags"),
    _s("XSA", "大袋", "sack", words="麻袋|sacks"),
    _s("XSH", "小袋", "sachet", words="小条"),
    _s("XPO", "软袋", "pouch", words="自立袋"),
    _s("XBO", "瓶", "btl", words="bottle|bottles"),
    _s("XCX", "罐", "can", words="听|cans|tin"),
    _s("XJR", "广口罐", "jar", words="坛"),
    _s("XTU", "管", "tube", words="tubes"),
    _s("XPU", "盘", "tray", words="trays|托盒"),
    _s("XPT", "壶", "pot"),
    _s("XBJ", "桶", "bucket", words="pail"),
    _s("XDR", "大桶", "drum", words="圆桶"),
    _s("XBA", "木桶", "barrel"),
    _s("XKG", "小桶", "keg"),
    _s("XCR", "筐", "crate", words="周转箱"),
    _s("XBK", "篮", "basket"),
    _s("XRO", "卷", "roll", words="rolls"),
    _s("XBE", "捆", "bundle", words="扎"),
    _s("XBL", "压缩包", "bale"),
    _s("XST", "张", "sheet", words="片|sheets"),
    _s("XPC", "包裹", "parcel"),
)

STANDARD: Mapping[str, Standard] = {unit.code: unit for unit in _ALL}
"""The units by code."""

CASE = "XCS"
"""Code of the case that a product's own case size is about."""

DIMENSIONS = ("mass", "volume", "length", "area", "count")
"""What units of a common factor measure."""

FINER: Mapping[str, tuple[str, ...]] = {
    "mass": ("KGM", "GRM", "MGM"),
    "volume": ("LTR", "MLT"),
    "length": ("MTR", "CMT", "MMT"),
    "area": ("MTK", "CMK"),
    "count": ("C62",),
}
"""Units a remainder is told in, coarse ones first."""

_BY_WORD = {
    word.lower(): unit.code for unit in reversed(_ALL) for word in (*unit.words, unit.en, unit.zh, unit.code)
}


def code_of(text: str) -> str | None:
    """Return the code that people mean by a word or a code (``箱``, ``case``, ``xcs``); ``None`` if unknown."""
    return _BY_WORD.get(text.strip().lower())


def factor_between(code: str, other: str) -> Fraction | None:
    """Return how many ``other`` one ``code`` is by definition; ``None`` where no definition says so."""
    if code == other:
        return Fraction(1)
    one, two = STANDARD.get(code), STANDARD.get(other)
    if one is None or two is None or one.measures not in DIMENSIONS or one.measures != two.measures:
        return None
    return one.factor / two.factor
