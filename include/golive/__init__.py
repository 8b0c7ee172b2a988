"""Golive's domain: what may happen to a release, and the record of what did. Never imports airflow."""
