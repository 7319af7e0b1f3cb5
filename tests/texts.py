"""Texts of scenes with changes."""


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """Return a text with pieces replaced, each of which must stand in it once."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text
