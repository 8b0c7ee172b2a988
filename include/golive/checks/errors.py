"""Errors of the checks room.

InputError
└── ExpectationInvalid     a check that could not fail, or could never pass
RefusedError
└── AddressNotInInventory  the environment names no such address
"""

from golive.errors import InputError, RefusedError


class ExpectationInvalid(InputError):
    """Data: ``problem``, the field and its value."""

    key = "checks.expectation_invalid"


class AddressNotInInventory(RefusedError):
    """Data: ``address``, as it was given."""

    key = "checks.address_not_in_inventory"
