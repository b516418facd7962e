"""National health identity (INS) of the fictitious patients.

A matricule INS is a NIR of 13 characters followed by its key of 2 digits. The numbers made here are
identifiers of test: they are always served under the OID kept for that, never under the real one.
"""

INS_TEST_SYSTEM = "urn:oid:1.2.250.1.213.1.4.10"

DEPARTMENTS = ("13", "29", "2A", "2B", "33", "59", "67", "69", "75", "97")
_CORSICA = {"2A": "19", "2B": "18"}
_COMMUNES = 990
_ORDERS = 999
PATIENTS_WITH_OWN_NIR = _COMMUNES * _ORDERS


def nir_key(body: str) -> str:
    """The two digits that follow a NIR of 13 characters: 97 less the number modulo 97.

    The departments of Corsica, 2A and 2B, count as 19 and 18.
    Raises ValueError when the body is not a NIR without its key.
    """
    digits = body
    for letters, value in _CORSICA.items():
        if body[5:7] == letters:
            digits = body[:5] + value + body[7:]
    if len(digits) != 13 or not digits.isdigit():
        raise ValueError(f"{body!r} is not a NIR: 13 digits are expected, with 2A or 2B for Corsica")
    return f"{97 - int(digits) % 97:02d}"


def matricule(number: int, *, male: bool, year: int, month: int, department: str) -> str:
    """The 15 characters of the INS of the patient of that number.

    Two numbers less than `PATIENTS_WITH_OWN_NIR` apart never share a matricule: the number is
    written in the commune and in the order of birth.
    """
    rank = number % PATIENTS_WITH_OWN_NIR
    commune, order = rank // _ORDERS + 1, rank % _ORDERS + 1
    body = f"{1 if male else 2}{year % 100:02d}{month:02d}{department}{commune:03d}{order:03d}"
    return body + nir_key(body)
