"""Schema changes in place: ordered SQL scripts, run once, taken back by what was approved with them."""
