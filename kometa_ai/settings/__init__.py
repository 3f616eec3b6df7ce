"""Every setting once: its name, type, default and help; read from all sources, all faults at once.

``load`` is the way in; what it returns is checked and frozen.
"""

from kometa_ai.settings.contradictions import is_loopback
from kometa_ai.settings.declared import (
    BY_ENV,
    SETTINGS,
    ClaudeEffort,
    ClaudeMode,
    LogFormat,
    Settings,
)
from kometa_ai.settings.masking import MASK
from kometa_ai.settings.reading import (
    ESTIMATE_NEEDS,
    OPTIONS_FILE,
    RUN_NEEDS,
    Loaded,
    SettingsError,
    load,
    missing,
    require_for_run,
)
from kometa_ai.settings.redaction import masked, redact, redactor
from kometa_ai.settings.setting import Setting
from kometa_ai.settings.showing import Row, dump, dump_json, dump_text, markdown_table
from kometa_ai.settings.sources import Origin
from kometa_ai.settings.stored import BACK, MARK, SETTABLE, StoredValue, check, load_with_stored
from kometa_ai.settings.surroundings import add_on_settings_file

__all__ = [
    "BACK",
    "BY_ENV",
    "ESTIMATE_NEEDS",
    "MARK",
    "MASK",
    "OPTIONS_FILE",
    "RUN_NEEDS",
    "SETTABLE",
    "SETTINGS",
    "ClaudeEffort",
    "ClaudeMode",
    "Loaded",
    "LogFormat",
    "Origin",
    "Row",
    "Setting",
    "Settings",
    "SettingsError",
    "StoredValue",
    "add_on_settings_file",
    "check",
    "dump",
    "dump_json",
    "dump_text",
    "is_loopback",
    "load",
    "load_with_stored",
    "markdown_table",
    "masked",
    "missing",
    "redact",
    "redactor",
    "require_for_run",
]
