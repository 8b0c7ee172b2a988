"""``golive demo``: the contact centre goes live in test and then in production, by its people, or comes back."""
