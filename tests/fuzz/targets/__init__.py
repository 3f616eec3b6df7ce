"""All readers under fire, each in a module of its own."""

from tests.fuzz.targets import (
    answer,
    command,
    json_stream,
    kometa,
    legacy,
    options,
    schedule,
    secret_file,
    settings_file,
    settings_values,
    stored,
    supervisor,
    truth,
    web,
    wire,
)

TARGETS = {
    module.TARGET.name: module.TARGET
    for module in (
        answer,
        command,
        json_stream,
        kometa,
        legacy,
        options,
        schedule,
        secret_file,
        settings_file,
        settings_values,
        stored,
        supervisor,
        truth,
        web,
        wire,
    )
}
