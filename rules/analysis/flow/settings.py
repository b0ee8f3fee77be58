"""What calls give that read settings: the environment, options of the command line, fields of objects."""

from __future__ import annotations

from rules.analysis.configuration import Origin
from rules.analysis.flow.base import Asked, Walker
from rules.analysis.flow.files import of_file, text_labels
from rules.analysis.flow.labels import RANK
from rules.analysis.flow.objects import (
    Array,
    Class,
    Instance,
    ModuleOf,
    Options,
)
from rules.analysis.flow.options import as_dictionary, declare, options_of, parsed
from rules.analysis.flow.values import NOTHING, Value, constant, joined


class Settings(Walker):
    """Settings by name, with the value of the run that is claimed."""

    def environment(self, key: Value, default: Value) -> Value:
        """A setting of the environment in the run that is claimed."""
        found = self._setting(key, default)
        return found.plus({RANK}) if key.const == "RANK" else found

    def _setting(self, key: Value, default: Value) -> Value:
        if key.known and isinstance(key.const, str):
            setting = self.configuration.value(key.const)
            default_speaks = self.configuration.origin(key.const) is Origin.SCRIPT
            if self.doubt and default_speaks and self.configuration.flag(key.const) is False:
                return Value(default.labels)
            if (default.known or default.items is not None) and self.configuration.is_default(key.const):
                return default
            if setting is not None:
                files = text_labels(setting.value)
                return Value(of_file(default.labels, files), setting.value)
        return default

    def _get(self, asked: Asked) -> Value | None:
        if asked.name in (
            "os.environ.get",
            "os.getenv",
            "environ.get",
            "getenv",
            "os.environ.setdefault",
            "os.environ.pop",
        ):
            default = asked.arguments[1] if len(asked.arguments) > 1 else asked.named.get("default", constant(None))
            return self.environment(asked.arguments[0] if asked.arguments else NOTHING, default)
        owner = asked.argument(0).ref
        if asked.is_method and isinstance(owner, ModuleOf):
            return owner.scope.names.get(str(asked.argument(1).const), asked.argument(2))
        if asked.is_method and asked.arguments and isinstance(asked.arguments[0].ref, Array):
            key = asked.arguments[1] if len(asked.arguments) > 1 else NOTHING
            if asked.last == "setdefault" and len(asked.arguments) > 2:
                asked.arguments[0].ref.take(asked.arguments[2])
            found = self.looked_up(asked.arguments[0], key, asked.node)
            if asked.last == "pop" and len(asked.arguments) < 3:
                return found
            return joined(found, asked.arguments[2] if len(asked.arguments) > 2 else constant(None))
        return None

    def _getattr(self, asked: Asked) -> Value | None:
        if len(asked.arguments) < 2 or not asked.arguments[1].known:
            return None
        owner = asked.arguments[0].ref
        if isinstance(owner, (Instance, Class)):
            names = owner.names if isinstance(owner, Instance) else {}
            cls = owner.cls if isinstance(owner, Instance) else owner
            found = names.get(asked.arguments[1].const) or cls.find(asked.arguments[1].const)
            if found is not None:
                return found
            return asked.arguments[2] if len(asked.arguments) > 2 else NOTHING
        return asked.arguments[2] if len(asked.arguments) > 2 else None

    def _parser(self, asked: Asked) -> Value | None:
        return Value(ref=Options()) if not asked.is_method else None

    def _option(self, asked: Asked) -> Value | None:
        declare(asked, self.configuration, doubt=self.doubt)
        return NOTHING

    def _option_group(self, asked: Asked) -> Value | None:
        return asked.arguments[0] if options_of(asked) is not None else None

    def _parsed(self, asked: Asked) -> Value | None:
        return parsed(asked)

    def _as_dictionary(self, asked: Asked) -> Value | None:
        return as_dictionary(asked, self.array(asked.node, container=True))

    def _field(self, asked: Asked) -> Value | None:
        """A dataclass's field: its default, or what its factory makes."""
        factory = asked.named.get("default_factory")
        if factory is not None:
            return self.apply(factory, (), {}, asked.node)
        return asked.named.get("default")

    def _namespace(self, asked: Asked) -> Value | None:
        """An object that has the named values as its attributes."""
        if asked.is_method or asked.arguments:
            return None
        return Value(ref=Instance(Class(asked.last, {}), dict(asked.named)))
