"""What the migration refuses, and what fails in it.

InputError
├── ScriptsInvalid                        every problem of the schema scripts
└── ManifestInvalid
    └── MappingInvalid                    every problem of a mapping, with file and line
RefusedError
├── StaleMigration                        a newer worker holds the fence
├── OtherMigration                        what was begun here was begun with another source, mapping or schema
├── ScriptsDiffer                         the database had other scripts than these
├── NotReady                              a step before this one is missing
├── HandedOver                            the target is in use; nothing is copied into it any more
├── OutOfTime                             the time that was given is over; the rest waits
├── RowsExpired                           a private file's time is over; it is deleted
├── NotPrivate                            others may read where raw rows would be kept
├── TargetNotEmpty                        rows stand where rows are to be loaded
├── CloneRefused                          another schema stands where one is to be made, or a role is missing
└── Irreversible                          no way back was declared, and none can be derived
TargetError
├── ServerUnreachable                     ask again
├── ServerFailed                          a server refused a statement
├── RowRefused                            a server refused a row of a chunk
├── SourceRewritten                       a source table was rewritten while it was being read in pieces
├── ScriptFailed, ScriptEndsTransaction   a script did not do what it was for
├── ScriptBusy                            its locks were not to be had; ask again
├── CloneFailed                           the schema could not be read from the source
├── RowsDiffer                            the two sides are not the same
├── TargetFlawed                          rows are right, but an index, key, constraint or sequence is not
├── FreezeFailed                          the writers could not be stopped in time; writes go on
├── LockBusy                              an application holds a lock that is needed for a moment
├── CaptureRefused                        the source cannot tell its changes in the way that was asked for
└── NotConverging                         changes come faster than they are copied
"""

from golive.errors import InputError, RefusedError, TargetError
from golive.release.errors import ManifestInvalid


class MappingInvalid(ManifestInvalid):
    """``problems``: as a manifest's."""

    key = "migration.mapping_invalid"


class StaleMigration(RefusedError):
    key = "migration.stale"


class OtherMigration(RefusedError):
    key = "migration.other"


class NotReady(RefusedError):
    key = "migration.not_ready"


class OutOfTime(RefusedError):
    key = "migration.out_of_time"


class HandedOver(RefusedError):
    key = "migration.handed_over"


class TargetNotEmpty(RefusedError):
    key = "migration.target_not_empty"


class Irreversible(RefusedError):
    """``columns`` as text; ``problems``, where each has its place."""

    key = "migration.irreversible"


class CloneRefused(RefusedError):
    key = "migration.clone_refused"


class ServerUnreachable(TargetError):
    key = "migration.server_unreachable"


class ServerFailed(TargetError):
    key = "migration.server_failed"


class RowRefused(TargetError):
    key = "migration.row_refused"


class SourceRewritten(TargetError):
    key = "migration.source_rewritten"


class CloneFailed(TargetError):
    key = "migration.clone_failed"


class RowsDiffer(TargetError):
    key = "migration.rows_differ"


class FreezeFailed(TargetError):
    key = "migration.freeze_failed"


class ScriptsInvalid(InputError):
    key = "migration.scripts_invalid"


class ScriptsDiffer(RefusedError):
    key = "migration.scripts_differ"


class ScriptFailed(TargetError):
    key = "migration.script_failed"


class ScriptEndsTransaction(TargetError):
    key = "migration.script_ends_transaction"


class ScriptBusy(TargetError):
    key = "migration.script_busy"


class SchemaNotRestored(TargetError):
    key = "migration.schema_not_restored"


class LockBusy(TargetError):
    key = "migration.lock_busy"


class CaptureRefused(TargetError):
    key = "migration.capture_refused"


class NotConverging(TargetError):
    key = "migration.not_converging"


class TargetFlawed(TargetError):
    key = "migration.target_flawed"


class RowsExpired(RefusedError):
    key = "migration.rows_expired"


class NotPrivate(RefusedError):
    key = "migration.not_private"
