"""What the shop's new tables must hold, said again without the engine: a mapping written out by hand."""

from collections import Counter

from golive.migration.endpoint import Endpoint

WANTED = {
    "customer": """SELECT c.no::text, btrim(c.nm), c.email, g.label FROM shop.cust c
        LEFT JOIN shop.grade g ON g.code = c.grade""",
    "purchase": "SELECT id::text, cust_no::text, amount::text FROM shop.ord WHERE amount <> -1 OR amount IS NULL",
    "total": """SELECT cust_no::text, count(*)::text, sum(CASE WHEN amount IS NULL THEN 0 ELSE amount END)::text
        FROM shop.ord GROUP BY cust_no""",
}
FOUND = {
    "customer": "SELECT customer_id::text, full_name, email, grade_label FROM public.customer",
    "purchase": "SELECT purchase_id::text, customer_id::text, amount::text FROM public.purchase",
    "total": "SELECT customer_id::text, purchases::text, amount::text FROM public.total",
}


def wrong(source: Endpoint, target: Endpoint) -> dict[str, tuple[int, int]]:
    """Per table, how many rows are missing and how many are too many."""
    found = {}
    for table, wanted in WANTED.items():
        old, new = _rows(source, wanted), _rows(target, FOUND[table])
        if old != new:
            found[table] = ((old - new).total(), (new - old).total())
    return found


def _rows(endpoint: Endpoint, query: str) -> Counter[tuple[object, ...]]:
    with endpoint.session("checker") as session:
        return Counter(session.execute(query.encode()).fetchall())
