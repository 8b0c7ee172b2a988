"""The contact centre (고객상담센터): a small web service over PostgreSQL."""
