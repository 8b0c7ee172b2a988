"""What texts look like, and what is wrong with them: POSIX regular expressions, as the server evaluates them."""

LOOKS_LIKE: dict[str, str] = {
    "resident_number": r"^[0-9]{6}-?[1-8][0-9]{6}$",
    "phone": r"^(\+82[ -]?)?0?1?[0-9]{1,2}[ -]?[0-9]{3,4}[ -]?[0-9]{4}$",
    "business_number": r"^[0-9]{3}-[0-9]{2}-[0-9]{5}$",
    "email": r"^[^@[:space:]]+@[^@[:space:]]+[.][A-Za-z]{2,}$",
    "timestamp": r"^[0-9]{4}[-./][0-9]{1,2}[-./][0-9]{1,2}[ T][0-9]{1,2}:[0-9]{2}",
    "date": r"^((18|19|20|21|00|99)[0-9]{2}[-./][0-9]{1,2}[-./][0-9]{1,2}|(19|20|00)[0-9]{2}[01][0-9][0-3][0-9])$",
    "integer": r"^[+-]?[0-9]{1,18}$",
    "number": r"^[+-]?[0-9]+([.][0-9]+)?$",
}
"""Name → pattern; the first that nearly all texts of a column match is what it looks like."""

CASTS = {"timestamp": "timestamp", "date": "date", "integer": "bigint", "number": "numeric"}
"""What a text of that look must be castable to; PostgreSQL 16 can try."""

TROUBLES: dict[str, str] = {
    "trailing_blank": r"[[:space:]]$",
    "leading_blank": r"^[[:space:]]",
    "control": r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]",
    "zero_date": r"^0000[-./]?00[-./]?00",
}
"""What is wrong with a text whatever its encoding."""

UNICODE_TROUBLES: dict[str, str] = {
    "replacement": r"\uFFFD",
    "decomposed": r"[\u1100-\u11FF]",
    "mojibake": r"[\u00C2\u00C3\u00EA-\u00ED][\u0080-\u00BF]",
    "invisible": r"[\u200B-\u200F\u202A-\u202E\u2060\uFEFF]",
}
"""The same, where letters are Unicode: lost letters, Hangul in pieces, UTF-8 that was read as Latin-1, no width."""
