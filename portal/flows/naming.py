"""How documents carry names in two languages."""


def two_names(name_zh: str, name_en: str) -> str:
    """Return a name as documents carry it: Chinese, then English after a slash when that is another one."""
    names = dict.fromkeys(name for name in (name_zh, name_en) if name)
    return " / ".join(names)
