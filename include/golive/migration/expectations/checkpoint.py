"""Runs suites over the target as a checkpoint, and builds Data Docs. Great Expectations is imported only here, inside.

Its context lives in memory, so the address with the password is in no file. What a result says of a column's values is
thrown away before the pages are built, but for counts: a page cannot forget.
"""

import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from golive.migration.endpoint import CONNECT_SECONDS, Endpoint
from golive.migration.errors import ServerFailed
from golive.migration.expectations.suite import Expectation, Suite, kwargs
from golive.migration.flow import Classification
from golive.migration.settings import Migration

COUNTS = frozenset({
    "element_count", "unexpected_count", "unexpected_percent", "missing_count", "missing_percent",
    "unexpected_percent_total", "unexpected_percent_nonmissing",
})  # fmt: skip
"""What may be said of the values of any column."""

_LEFT_OUT = ("static/fonts", "static/images")
"""Four megabytes of decoration that the evidence does without."""


@dataclass(frozen=True)
class ExpectationResult:
    """``broken``: it could not be evaluated at all, which is not a success."""

    table: str
    kind: str
    column: str | None
    success: bool
    unexpected: int | None
    broken: bool


@dataclass(frozen=True)
class Checked:
    """``docs`` is a zip of the Data Docs."""

    results: tuple[ExpectationResult, ...]
    docs: bytes

    @property
    def success(self) -> bool:
        """Whether every expectation is met. Nothing expected proves nothing."""
        return bool(self.results) and all(result.success for result in self.results)


def check(migration: Migration, suites: tuple[Suite, ...]) -> Checked:
    """Checks the target, and builds the pages. Raises ``ServerFailed`` where there is no table or nobody answers."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with TemporaryDirectory(prefix="golive-docs-") as name:
        context = _context(Path(name))
        results = tuple(result for suite in suites for result in _run(context, migration.target, suite))
        _forget(context, {f"{suite.table}": suite for suite in suites})
        context.build_data_docs(site_names=["docs"])
        return Checked(results, _zipped(Path(name)))


def _context(folder: Path) -> Any:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    index = {"class_name": "DefaultSiteIndexBuilder"}
    site: Any = {
        "class_name": "SiteBuilder",
        "site_index_builder": index,
        "store_backend": store,
        "show_how_to_buttons": False,
    }
    context.add_data_docs_site(site_name="docs", site_config=site)
    return context


def _run(context: Any, endpoint: Endpoint, suite: Suite) -> Iterator[ExpectationResult]:
    import great_expectations as gx

    name = str(suite.table)
    checks = context.suites.add(gx.ExpectationSuite(name=name))
    for expectation in suite.expectations:
        checks.add_expectation(_made(expectation))
    try:
        source = context.data_sources.add_postgres(name, connection_string=address(endpoint), create_temp_table=False)
        asset = source.add_table_asset(name, table_name=suite.table.name, schema_name=suite.table.schema)
    except Exception as error:  # noqa: BLE001 -- its errors quote the address and rows: only their kind goes on
        raise ServerFailed(database=str(endpoint), cause=f"{name}: {type(error).__name__}") from None
    batch = asset.add_batch_definition_whole_table(name)
    validation = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=checks))
    counted = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
    checkpoint = gx.Checkpoint(name=name, validation_definitions=[validation], result_format=counted)
    for run in context.checkpoints.add(checkpoint).run().run_results.values():
        yield from (_result(name, result) for result in run.results)


def _made(expectation: Expectation) -> Any:
    from great_expectations.expectations.registry import get_expectation_impl

    return get_expectation_impl(expectation.kind)(**kwargs(expectation))


def _result(table: str, result: Any) -> ExpectationResult:
    config = result.expectation_config
    return ExpectationResult(
        table=table,
        kind=config.type,
        column=config.kwargs.get("column"),
        success=bool(result.success),
        unexpected=result.result.get("unexpected_count"),
        broken=bool(_raised(result.exception_info)),
    )


def _raised(info: Mapping[str, Any]) -> bool:
    """Of one exception, or of one for each metric."""
    nested = [each for each in info.values() if isinstance(each, Mapping)]
    return bool(info.get("raised_exception")) or any(_raised(each) for each in nested)


def _forget(context: Any, suites: Mapping[str, Suite]) -> None:
    """Leaves of every stored result what may be shown."""
    store = context.validation_results_store
    for key in store.list_keys():
        run = store.get(key)
        for result in run.results:
            _cleanse(result, suites[run.suite_name])
        store.add_or_update(key, run)


def _cleanse(result: Any, suite: Suite) -> None:
    column = result.expectation_config.kwargs.get("column")
    about_table = column is None and "column_list" not in result.expectation_config.kwargs
    public = about_table or (column and suite.classes.get(column) is Classification.PUBLIC)
    if not public:
        result.result = {name: value for name, value in result.result.items() if name in COUNTS}
    if _raised(result.exception_info):
        message = "This expectation could not be evaluated."
        info = {"raised_exception": True, "exception_message": message, "exception_traceback": ""}
        result.exception_info = info


def address(endpoint: Endpoint) -> str:
    """The address as SQLAlchemy takes it, with the password: it stays in memory."""
    password = f":{quote(endpoint.password.reveal(), safe='')}" if endpoint.password else ""
    options = quote("-c default_transaction_read_only=on -c statement_timeout=21600000", safe="")
    return (
        f"postgresql+psycopg://{quote(endpoint.user, safe='')}{password}@{endpoint.host}:{endpoint.port}"
        f"/{quote(endpoint.database, safe='')}?sslmode={endpoint.encryption}&connect_timeout={CONNECT_SECONDS}"
        f"&application_name=golive%20expectations&options={options}"
    )


def _zipped(folder: Path) -> bytes:
    """The same bytes for the same pages: no times of files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not name.startswith(_LEFT_OUT):
                archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()
