"""When people give mooncakes and when they give everything: the festivals, and how demand swells before them.

Dates are those of the Chinese calendar as published by the Purple Mountain Observatory; years outside the table
have the middle of the festival's usual range.
"""

from datetime import date

MID_AUTUMN = {
    2024: date(2024, 9, 17),
    2025: date(2025, 10, 6),
    2026: date(2026, 9, 25),
    2027: date(2027, 9, 15),
    2028: date(2028, 10, 3),
    2029: date(2029, 9, 22),
    2030: date(2030, 9, 12),
}
SPRING_FESTIVAL = {
    2024: date(2024, 2, 10),
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
    2029: date(2029, 2, 13),
    2030: date(2030, 2, 3),
    2031: date(2031, 1, 23),
}

_PEAK_DAYS = 35
_QUIET_DAYS = 8


def mid_autumn(year: int) -> date:
    """Return the day of the Mid-Autumn Festival (中秋)."""
    return MID_AUTUMN.get(year) or date(year, 9, 22)


def spring_festival(year: int) -> date:
    """Return the first day of the Chinese year (春节)."""
    return SPRING_FESTIVAL.get(year) or date(year, 2, 5)


_MONTHS = {
    "坚果 Nuts": (150, 120, 90, 85, 80, 70, 70, 80, 105, 115, 130, 150),
    "茶 Tea": (105, 95, 110, 140, 130, 90, 75, 75, 100, 110, 105, 115),
    "饮品 Drinks": (75, 75, 85, 100, 125, 145, 160, 150, 115, 95, 80, 75),
    "糕点 Pastry": (110, 105, 95, 100, 95, 90, 85, 90, 105, 110, 105, 110),
    "南北货 Larder": (140, 115, 90, 85, 85, 80, 75, 80, 95, 105, 115, 135),
}


def usual_share(day: date, *, category: str) -> int:
    """Return the per cent of the year's mean that goods of a range sell in the month of a day.

    Args:
        day: The day.
        category: The range; one without a curve sells alike all year.
    """
    return _MONTHS[category][day.month - 1] if category in _MONTHS else 100


def swell(day: date, *, festival: str) -> int:
    """Return by how many per cent demand differs on a day, for goods given at a festival.

    It grows over five weeks, is highest a week before the feast, and is far below the usual for eight days after.

    Args:
        day: The day.
        festival: ``autumn``, ``spring`` or empty for goods of every day.

    Returns:
        100 for a usual day.
    """
    if not festival:
        return 100
    feast_of, top = (mid_autumn, 700) if festival == "autumn" else (spring_festival, 420)
    ahead = (feast_of(day.year) - day).days
    if 0 < ahead <= _PEAK_DAYS:
        nearness = _PEAK_DAYS - abs(ahead - 7)
        return 100 + (top - 100) * max(nearness, 0) // _PEAK_DAYS
    return 30 if -_QUIET_DAYS <= ahead <= 0 else 100
