"""What calls of libraries give: only what matters for where data comes from and what becomes of a loss."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rules.analysis.configuration import Origin
from rules.analysis.flow import printing
from rules.analysis.flow.aims import blended, matches, picked, weighed
from rules.analysis.flow.base import Arguments, Asked, Named, Walker, labels_of
from rules.analysis.flow.events import Block, Kind
from rules.analysis.flow.files import every_split, file_labels, folder_labels, in_folder, narrowed, of_file, some_of
from rules.analysis.flow.loading import BY_PATH, FROM_SPEC, by_path, from_spec
from rules.analysis.flow.marks import before_own, exponent, matched
from rules.analysis.flow.objects import (
    UNBOUNDED,
    Array,
    Bound,
    Class,
    Count,
    Foreign,
    Function,
    Instance,
    ModuleOf,
    Optimizer,
    Options,
    Scope,
    Span,
    array_of,
    owner_of,
    owners,
)
from rules.analysis.flow.options import GROUPS, PARSED, PARSERS, as_dictionary, declare, options_of, parsed
from rules.analysis.flow.picking import PICKS, note_pick, tries
from rules.analysis.flow.plain import TEXT_METHODS, is_script, of_text, type_of
from rules.analysis.flow.prints import template
from rules.analysis.flow.values import (
    BYTES,
    CLOCK,
    DATA,
    ENTROPY,
    GEN,
    LEAST,
    LENGTH,
    LOGITS,
    LOGP,
    MATCHED,
    NLL,
    NONE,
    NOTHING,
    RAND,
    RANK,
    SCALED,
    SEEN,
    SHIFTED,
    STORED,
    TOKENS,
    TRAIN,
    TRAIN_FILE,
    UNKNOWN,
    VAL,
    VAL_FILE,
    Label,
    Labels,
    Token,
    Turn,
    Value,
    constant,
    joined,
)

_READS = frozenset(
    {"fromfile", "memmap", "frombuffer", "load", "open", "read", "read_bytes", "load_file", "safe_open", "read_table"}
)
_LOSSES = frozenset({"cross_entropy", "nll_loss", "linear_cross_entropy", "fused_cross_entropy", "kl_div"})
_NOTES = frozenset({"json", "yaml", "toml", "tomllib", "configparser"})  # settings are read by them, no tokens
_EMPTY = frozenset(
    {"zeros", "empty", "full", "zeros_like", "full_like", "empty_like", "ones", "ones_like", "new_zeros"}
)
_CONTAINERS = frozenset({"list", "dict", "set", "defaultdict", "OrderedDict", "Counter", "deque"})
_RANDOM = frozenset({"randint", "rand", "randn", "randperm", "integers", "choice", "shuffle", "permutation", "normal_"})
_SAMPLES = frozenset({"multinomial", "sample"})
_SAVES = frozenset({"save", "save_file", "savez", "savez_compressed", "dump", "write", "write_bytes", "tofile"})
_LOADS = frozenset({"load_state_dict", "decompress", "load"})
_WRAPPERS = frozenset(
    {"compile", "DistributedDataParallel", "DDP", "no_grad", "inference_mode", "jit", "script", "wraps", "lru_cache"}
)
_DISTRIBUTES = frozenset({"DistributedDataParallel", "DDP"})  # only networks are
_SAME = frozenset(
    {
        "to",
        "cuda",
        "cpu",
        "contiguous",
        "float",
        "double",
        "half",
        "bfloat16",
        "long",
        "int",
        "detach",
        "clone",
        "item",
        "view",
        "reshape",
        "unsqueeze",
        "squeeze",
        "flatten",
        "eval",
        "train",
        "requires_grad_",
        "pin_memory",
        "numpy",
        "copy",
        "astype",
        "tolist",
        "share_memory_",
        "ravel",
        "type",
        "module",
        "expand",
        "transpose",
        "permute",
        "result",
    }
)
_CONVERTS = frozenset({"from_numpy", "as_tensor", "tensor", "array", "asarray", "csr_matrix", "coo_matrix"})
_EMPTIES = frozenset({"zero_", "clear"})
_GROW = frozenset({"append", "extend", "add", "appendleft", "insert", "push"})
_IN_PLACE_SUM = frozenset({"add_", "iadd"})
_TABLE_WRITES = {"scatter_add_": 1, "index_add_": 1, "index_put_": 0, "put_": 0, "scatter_": 1, "index_copy_": 1}
_TABLE_READS = {"gather": 1, "index_select": 1, "take": 0, "take_along_dim": 0, "take_along_axis": 0}
_MULTIPLIES, _DIVIDES = frozenset({"mul", "multiply"}), frozenset({"div", "divide", "true_divide"})
_SMALLER = frozenset({"minimum", "min", "fmin", "amin"})
_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "abs": abs,
    "round": round,
}
_SIZES = frozenset({"len", "size", "numel", "dim", "shape", "isinstance", "hasattr", "id", "type"})
_ESCAPES = frozenset(
    {
        "exec",
        "eval",
        "CDLL",
        "LoadLibrary",
        "load_inline",
        "run_path",
        "exec_module",
        "Popen",
        "check_call",
        "check_output",
        "system",
        "popen",
        "load_library",
    }
)
_FOREIGN = frozenset({"CDLL", "LoadLibrary", "load_inline", "load_library", "PyDLL"})
_POINTERS = frozenset(
    {"data_as", "data_ptr", "byref", "cast", "from_buffer", "POINTER", "ndpointer", "ascontiguousarray"}
)
_ENCODES = frozenset({"encode", "bytes", "bytearray", "id_to_piece", "IdToPiece", "id_to_token"})
_FETCHES = frozenset(
    {"load_dataset", "snapshot_download", "hf_hub_download", "urlopen", "urlretrieve", "from_pretrained", "cached_file"}
)
_SITES = frozenset({"requests", "httpx", "aiohttp", "gdown", "wget", "boto3", "huggingface_hub", "ftplib"})
_IN_PLACE = re.compile(r"[a-z][a-z0-9_]*[a-z0-9]_")
_PUTS = re.compile(r"setattr|set_|swap_tensors|\w*load\w+|\w+_to_parameters")  # given a network, they change it
_CLOCKS = frozenset({"time", "perf_counter", "monotonic", "process_time", "perf_counter_ns", "time_ns", "elapsed_time"})
_EXCHANGES = frozenset({"all_reduce", "all_gather", "all_gather_into_tensor", "broadcast", "reduce_scatter_tensor"})
_RANGES = frozenset({"range", "arange"})
_OPTIMIZERS = frozenset(
    {"Adam", "AdamW", "SGD", "Muon", "RMSprop", "Adagrad", "LBFGS", "NAdam", "RAdam", "Adamax", "Lion"}
)


class Libraries(Walker):
    """Calls by dotted name. A method of an unknown value has a name that begins with `().` and its owner first."""

    def library(self, name: str, arguments: Arguments, named: Named, node: ast.AST) -> Value:
        """The value of a call of something that is not the program's own."""
        last = name.rpartition(".")[2]
        asked = Asked(name, last, arguments, named, node, labels_of(arguments, named))
        if last in _FETCHES or name.partition(".")[0] in _SITES:
            self.note(Kind.FETCH, node, name, asked.labels, detail=_source(asked))
        if last in PICKS:
            note_pick(self, asked)
        handler = _HANDLERS.get(last)
        if handler is None and _PUTS.fullmatch(last):
            self.put(node, name, *arguments)
        if handler is None and asked.is_method and not _IN_PLACE.fullmatch(last):
            self.asked_part(asked)
        found = None if handler is None else handler(self, asked)
        self._put_out(asked, found)
        if found is None and name.startswith("torch.nn.") and last[:1].isupper():
            return Value(ref=Instance(Class(last, {}, module=True)))
        if found is not None:
            return found
        array = array_of(arguments[0].ref) if asked.is_method and arguments and _IN_PLACE.fullmatch(last) else None
        if array is None and MATCHED in asked.labels and _IN_PLACE.fullmatch(last):
            self.mixed_in(getattr(getattr(node, "func", None), "value", None), frozenset({MATCHED}))
        if array is not None:  # `hashes.bitwise_xor_(tokens)`
            if asked.labels - array.labels:
                self.changes += 1
            array.labels |= asked.labels
        return Value(asked.labels, ref=array or _same_object(arguments), place=_place(arguments))

    def asked_part(self, asked: Asked) -> None:
        """A layer that is given data is the network that is asked, where no method of the network itself asks it."""
        owner = owner_of(asked.arguments[0].ref) if asked.arguments else None
        if owner is None or not owner.cls.module or not labels_of(asked.arguments[1:], asked.named) & DATA:
            return
        self.parts += 1
        if not any(of_network(block) for block in self.trail):
            every = set[Instance]().union(*map(owners, (*asked.arguments, *asked.named.values())))
            self.note(Kind.MODEL, asked.node, asked.last, asked.labels, detail=frozenset(every))

    # -- settings ----------------------------------------------------------------------------------------------------

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
                files = file_labels(setting.value) | every_split(setting.value)
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

    def _number(self, asked: Asked) -> Value | None:
        if asked.is_method:  # `counts.float()` are the counts still
            return self._same_value(asked) if asked.last in _SAME else None
        if len(asked.arguments) == 1 and asked.arguments[0].known:
            try:
                given = asked.arguments[0].const
                if isinstance(given, str) and asked.last != "str":  # a log prints a switch as what it became
                    given = {"true": True, "false": False}.get(given.strip().lower(), given)
                return Value(asked.arguments[0].labels, _NUMBERS[asked.last](given))
            except (TypeError, ValueError, OverflowError):
                return NOTHING
        return None

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
        if asked.is_method or asked.arguments or not asked.named:
            return None
        return Value(ref=Instance(Class(asked.last, {}), dict(asked.named)))

    # -- data --------------------------------------------------------------------------------------------------------

    def _read(self, asked: Asked) -> Value | None:
        if asked.last == "load" and not asked.is_method:
            self.note(Kind.LOAD, asked.node, asked.name, asked.labels)
        found = asked.labels - {VAL_FILE, TRAIN_FILE}
        if VAL_FILE in asked.labels:
            found |= {VAL}
        if TRAIN_FILE in asked.labels:
            found |= {TRAIN}
        is_note = asked.name.partition(".")[0] in _NOTES
        return Value(found - {STORED} if is_note or found & {VAL, TRAIN} else found | {STORED})

    def _read_into(self, asked: Asked) -> Value | None:
        """`file.readinto(array)`: the array holds what stands in the file."""
        array = array_of(asked.arguments[1].ref) if asked.is_method and len(asked.arguments) > 1 else None
        if array is not None:
            found = self._read(replace(asked, labels=asked.arguments[0].all_labels()))
            array.labels |= NONE if found is None else found.labels
        return NOTHING

    def _random(self, asked: Asked) -> Value | None:
        return Value((asked.labels & {VAL, TRAIN}) | {RAND})

    def _sampled(self, asked: Asked) -> Value | None:
        return Value(frozenset({GEN})) if LOGITS in asked.labels or asked.last == "multinomial" else None

    def _size(self, asked: Asked) -> Value | None:
        if asked.last == "len" and asked.arguments and asked.arguments[0].items is not None:
            return constant(len(asked.arguments[0].items))
        return Value(frozenset({LENGTH})) if asked.last == "len" and BYTES in asked.labels else NOTHING

    def _type(self, asked: Asked) -> Value | None:
        """`type(value)`, or a tensor of another type."""
        if asked.is_method or len(asked.arguments) != 1:
            return self._same_value(asked)
        return type_of(asked.arguments[0]) or NOTHING

    def _range(self, asked: Asked) -> Value | None:
        """Positions; where the bounds are plain, so many."""
        labels = labels_of(asked.arguments, asked.named)
        turns = _turns(labels) | before_own(NOTHING if len(asked.arguments) < 2 else asked.arguments[0], _stop(asked))
        times = None
        if (
            asked.last == "range"
            and asked.arguments
            and all(one.known and isinstance(one.const, int) for one in asked.arguments)
        ):
            try:
                times = len(range(*[one.const for one in asked.arguments]))
            except (TypeError, ValueError, OverflowError):
                times = None
        return Value(turns, place=self.place_of(asked.node), ref=Count(times, _span(asked.arguments)))

    def _clock(self, asked: Asked) -> Value | None:
        return None if asked.is_method and asked.last == "time" else Value(asked.labels | {CLOCK})

    def _rank(self, _: Asked) -> Value | None:
        return Value(frozenset({RANK}))

    def _empty(self, asked: Asked) -> Value | None:
        array = self.array(asked.node)
        grad = asked.named.get("requires_grad")
        array.leaf = bool(grad is not None and grad.known and grad.const)
        array.zero = asked.last in ("zeros", "zeros_like", "new_zeros")
        return Value(ref=array)

    def _container(self, asked: Asked) -> Value | None:
        array = self.array(asked.node, container=True)
        if asked.arguments and asked.last in ("list", "set", "deque", "Counter"):
            if asked.last == "list" and asked.arguments[0].items is not None:
                return asked.arguments[0]
            array.take(self.element(asked.arguments[0]))
        if asked.last == "dict":
            array.fields = dict(asked.named)
            array.labels |= frozenset[Label]().union(*(one.all_labels() for one in asked.arguments))
        if asked.last == "Counter" and asked.arguments and asked.labels & DATA:
            self.wrote(Value(ref=array), asked.arguments[0], asked.node)
        return Value(ref=array)

    def _same_value(self, asked: Asked) -> Value | None:
        return asked.arguments[0] if asked.is_method and asked.arguments else None

    def _wrapped(self, asked: Asked) -> Value | None:
        if not asked.arguments or asked.is_method:
            return None
        wrapped = asked.arguments[0]
        if asked.last in _DISTRIBUTES and wrapped.ref is None and not wrapped.known:
            return Value(ref=Instance(Class("", {}, module=True)))
        return wrapped

    def _listed(self, asked: Asked) -> Value | None:
        """What stands in a container, in another order, or with its keys."""
        owner = asked.arguments[0] if asked.arguments else NOTHING
        if not isinstance(owner.ref, Array) or not owner.ref.container:
            return None
        inner = self.element(owner)
        if asked.last == "items" and asked.is_method:
            inner = Value(inner.labels, items=(NOTHING, inner))
        return Value(owner.labels, ref=self.array(asked.node, element=inner, container=True))

    def _partial(self, asked: Asked) -> Value | None:
        if asked.arguments and asked.arguments[0].ref is not None:
            return Value(ref=Bound(asked.arguments[0].ref, tuple(asked.arguments[1:]), dict(asked.named)))
        return None

    def _available(self, asked: Asked) -> Value | None:
        """The run that is claimed had its accelerators."""
        return constant(True) if asked.name == "torch.cuda.is_available" else None

    def _path(self, asked: Asked) -> Value | None:
        """A path out of its parts: the last part that names a split tells it."""
        if not asked.name.endswith("path.join") and (asked.last == "join" or asked.is_method):
            return None
        labels = NONE
        for part in asked.arguments:
            own = part.labels | (folder_labels(part.const) if len(asked.arguments) > 1 else NONE)
            labels = of_file(labels | own, own, labels)
        last = asked.arguments[-1] if asked.arguments else NOTHING
        alone = len(asked.arguments) == 1 and isinstance(last.const, str) and last.const != ""
        return Value(labels, last.const if alone or is_script(last) else UNKNOWN)

    def _globbed(self, asked: Asked) -> Value | None:
        """Files of a folder by a pattern, or all of them."""
        folder = asked.argument(0)
        if asked.last in ("listdir", "scandir", "iterdir"):
            whole = in_folder(folder.const) if isinstance(folder.const, str) else NONE
            return Value(of_file(asked.labels | whole, whole, folder.labels))
        if not asked.is_method or len(asked.arguments) < 2:
            return None
        return Value(of_file(asked.labels, asked.arguments[1].labels, folder.labels))

    def _filtered(self, asked: Asked) -> Value | None:
        """`filter(test, names)`: names of fewer splits, where the test is of their names."""
        if asked.is_method or len(asked.arguments) != 2:
            return None
        test, over = asked.arguments[0].ref, asked.arguments[1]
        inner = self.element(over)
        plain = isinstance(test, Function) and isinstance(test.node, ast.Lambda)
        labels = narrowed(inner.labels, test.node.body) if plain else some_of(inner.labels)
        return Value(labels, ref=self.array(asked.node, element=Value(labels, place=inner.place), container=True))

    def _named_beside(self, asked: Asked) -> Value | None:
        """`Path(__file__).with_name("helper.py")`."""
        return asked.arguments[-1] if asked.is_method and is_script(asked.arguments[-1]) else None

    def _module(self, asked: Asked) -> Value | None:
        if asked.last in FROM_SPEC:
            return from_spec(asked)
        found = by_path(self, asked)
        return found if found is not None or asked.last != "import_module" else self._escaped(asked)

    def _module_made(self, asked: Asked) -> Value | None:
        """`types.ModuleType(name)`: what is run in it can be imported by its name."""
        name = asked.argument(0).const
        if asked.is_method or not isinstance(name, str):
            return None
        return self.made.setdefault(name, Value(ref=ModuleOf(Scope(self.scope.source))))

    def _text(self, asked: Asked) -> Value | None:
        return of_text(asked)

    def _mapped(self, asked: Asked) -> Value | None:
        """`map(function, things)`: what the function gives for each."""
        function = asked.argument(0)
        if asked.is_method or len(asked.arguments) != 2 or not isinstance(function.ref, (Function, Bound)):
            return None
        over = asked.arguments[1]
        found = self.apply(function, (self.element(over),), {}, asked.node)
        found = found.plus(tries(over, found.all_labels()))
        return Value(found.labels, ref=self.array(asked.node, element=found, container=True))

    def _submitted(self, asked: Asked) -> Value | None:
        """Work given to a pool: it is done here, and its `result()` is what it gives."""
        if not asked.is_method or len(asked.arguments) < 2 or not isinstance(asked.arguments[1].ref, (Function, Bound)):
            return None
        return self.apply(asked.arguments[1], asked.arguments[2:], asked.named, asked.node)

    def _zip(self, asked: Asked) -> Value | None:
        if asked.is_method:
            return None
        if asked.last == "zip" and any(one.items == () for one in asked.arguments):
            return Value(items=())
        elements = tuple(self.element(one) for one in asked.arguments)
        if asked.last == "enumerate":
            self.bases += 1
            elements = (Value(place=Token(self.bases, 0)), *elements[:1])
        array = self.array(asked.node, element=Value(items=elements))
        return Value(ref=array)

    # -- losses and networks -----------------------------------------------------------------------------------------

    def _loss(self, asked: Asked) -> Value | None:
        answer, came = asked.argument(0, "input").all_labels(), asked.argument(1, "target").all_labels()
        return Value((asked.labels - {LOGITS}) | {NLL} | picked(answer, came, asked.node, self))

    def _blended(self, asked: Asked) -> Value | None:
        """`torch.lerp(one, other, weight)`."""
        found = blended(asked.labels, asked.arguments[:2], asked.argument(2, "weight"), asked.node, self)
        return None if found is None else Value(found)

    def _backward(self, asked: Asked) -> Value | None:
        if asked.last == "grad" and not asked.name.endswith("autograd.grad") and not asked.is_method:
            return None
        self.note(Kind.LEARN, asked.node, asked.last, asked.labels)
        if LOGITS in asked.labels and NLL not in asked.labels:
            self.is_loss(self.answered)
        return NOTHING

    def _step(self, asked: Asked) -> Value | None:
        owner = asked.arguments[0].ref if asked.arguments else None
        closure = asked.named.get("closure", asked.arguments[1] if len(asked.arguments) > 1 else NOTHING)
        if isinstance(owner, Optimizer) and isinstance(closure.ref, (Function, Bound)):
            self.apply(closure, (), {}, asked.node)  # it takes the gradients that the step needs
        if isinstance(owner, Optimizer):
            self.note(Kind.STEP, asked.node, asked.last, asked.labels, detail=owner)
        return NOTHING

    def _optimizer(self, asked: Asked) -> Value | None:
        params = asked.arguments[0] if asked.arguments else asked.named.get("params", NOTHING)
        return Value(ref=Optimizer(params, getattr(asked.node, "lineno", 1)))

    def _copied_whole(self, asked: Asked) -> Value | None:
        """A deep copy of a network learns for itself."""
        original = owner_of(asked.arguments[0].ref) if asked.arguments else None
        if original is None or not original.cls.module:
            return None
        return Value(asked.labels, ref=Instance(original.cls, dict(original.names), original))

    def _exchanged(self, asked: Asked) -> Value | None:
        """Ranks bring a tensor together; what it gives is as unknown as that of any other call."""
        parts: set[Any] = set()
        for one in asked.arguments:
            array = array_of(one.ref)
            parts |= owners(one) | ({array} if array is not None else set())
        if parts:
            self.note(Kind.EXCHANGE, asked.node, asked.last, asked.labels, detail=frozenset(parts))
        return None

    def _parameter(self, asked: Asked) -> Value | None:
        array = self.array(asked.node)
        array.leaf = True
        return Value(ref=array)

    def _saved(self, asked: Asked) -> Value | None:
        given = (*asked.arguments, *asked.named.values())
        kept = set[Instance]().union(*map(owners, given))
        tokens = frozenset({TOKENS}) if VAL in asked.labels and any(map(_beside_tokens, given)) else NONE
        self.note(Kind.SAVE, asked.node, asked.name, asked.labels | tokens, detail=frozenset(kept))
        return NOTHING

    def _loaded(self, asked: Asked) -> Value | None:
        taken = owners(asked.arguments[0]) if asked.is_method and asked.arguments else set()
        self.note(Kind.LOAD, asked.node, asked.name, asked.labels, detail=frozenset(taken))
        return None

    def _logged(self, asked: Asked) -> Value | None:
        return self._printed(asked) if asked.is_method or asked.name.startswith("logging.") else None

    def _printed(self, asked: Asked) -> Value | None:
        self.note(Kind.PRINT, asked.node, template(asked.node, self.value), asked.labels, detail=asked.arguments)
        return NOTHING

    def _escaped(self, asked: Asked) -> Value | None:
        if asked.is_method and asked.last in ("eval",):
            return None
        if asked.last == "exec_module" and from_spec(asked) is not None:
            return NOTHING  # it was walked when its specification was made
        text = asked.argument(0).const
        if asked.name == "exec" and isinstance(text, str) and self.executed(text, asked.argument(1)):
            return NOTHING
        self.note(Kind.ESCAPE, asked.node, asked.name, asked.labels)
        return Value(asked.labels, ref=Foreign(asked.last) if asked.last in _FOREIGN else None)

    def _pointer(self, asked: Asked) -> Value | None:
        """A pointer into an array stands for the array."""
        array = next((found for one in asked.arguments if (found := array_of(one.ref)) is not None), None)
        return None if array is None else Value(asked.labels, ref=array)

    def _encoded(self, asked: Asked) -> Value | None:
        return Value(asked.labels | {BYTES})

    def _exponent(self, asked: Asked) -> Value | None:
        found = exponent(asked.labels)
        if found and VAL in asked.labels:
            self.note(Kind.SPREAD, asked.node, asked.last, asked.labels)
        return Value((asked.labels - {SCALED, SHIFTED, LOGP}) | found)

    def _logarithm(self, asked: Asked) -> Value | None:
        """What was made smaller was a probability; what is normalised over tokens is an answer, whoever gave it."""
        if asked.last in ("log_softmax", "softmax") and asked.labels & DATA and NLL not in asked.labels:
            return Value(asked.labels | {LOGITS} | ({LOGP} if asked.last == "log_softmax" else NONE))
        if asked.last == "logaddexp" and not asked.is_method and len(asked.arguments) == 2 and NLL not in asked.labels:
            return Value(weighed(asked.labels, *asked.arguments, asked.node, self))
        return Value(asked.labels - {SCALED, SHIFTED}) if asked.labels & {SCALED, SHIFTED} else None

    def _beside(self, asked: Asked) -> Value | None:
        """Put side by side: losses of the token that came, and something that is none."""
        items = asked.arguments[0].items if asked.arguments else None
        labels = [item.all_labels() for item in items or ()]
        if any(NLL in one for one in labels) and any(ENTROPY in one and NLL not in one for one in labels):
            self.note(Kind.BESIDE, asked.node, asked.last, asked.labels)
        splits = [one & {VAL, TRAIN} for one in labels]
        if any(one != splits[0] for one in splits) and asked.labels >= {VAL, TRAIN}:
            return Value(asked.labels | {SEEN})  # texts of both splits, one after the other
        return None

    # -- containers and tables ---------------------------------------------------------------------------------------

    def _grown(self, asked: Asked) -> Value | None:
        if not asked.is_method or len(asked.arguments) < 2:
            return None
        owner, value = asked.arguments[0], asked.arguments[-1]
        inner = value.all_labels()
        if NLL in inner:
            inner |= self.scored(asked.node, _receiver(asked.node), inner, "kept")
        if isinstance(owner.ref, Array):
            if inner - owner.ref.labels:
                self.changes += 1
            owner.ref.take(value if asked.last != "extend" else self.element(value))
            owner.ref.labels |= inner
        return NOTHING

    def _add_at(self, asked: Asked) -> Value | None:
        if asked.is_method or len(asked.arguments) < 2 or (asked.last == "at" and not asked.name.endswith("add.at")):
            return None
        self.wrote(asked.arguments[0], asked.arguments[1], asked.node)
        if isinstance(asked.arguments[0].ref, Array):
            asked.arguments[0].ref.labels |= labels_of(asked.arguments[2:], {})
        return NOTHING

    def _converted(self, asked: Asked) -> Value | None:
        """A table is the same table as a tensor or as an array."""
        one = asked.argument(0)
        if asked.is_method or not isinstance(one.ref, Array) or one.ref.container or not one.ref.writes:
            return None
        return one

    def _emptied(self, asked: Asked) -> Value | None:
        """A table that is used again begins anew."""
        array = array_of(asked.argument(0).ref) if asked.is_method else None
        if array is None or (asked.last == "fill_" and asked.argument(1).const != 0):
            return None
        self.note(Kind.RESET, asked.node, "", detail=array)
        return asked.argument(0)

    def _counted(self, asked: Asked) -> Value | None:
        array = self.array(asked.node)
        if asked.arguments and asked.labels & DATA:
            self.wrote(Value(ref=array), asked.arguments[0], asked.node)
        return Value(asked.labels, ref=array)

    def _table_write(self, asked: Asked) -> Value | None:
        if not asked.is_method or not asked.arguments:
            return None
        place = 1 + _TABLE_WRITES[asked.last]
        owner, key = (
            asked.arguments[0],
            asked.arguments[place] if len(asked.arguments) > place else asked.named.get("index", NOTHING),
        )
        if isinstance(owner.ref, Array):
            self.wrote(owner, key, asked.node)
            owner.ref.labels |= labels_of(asked.arguments[place + 1 :], asked.named)
        return owner

    def _product(self, asked: Asked) -> Value | None:
        """`losses.mul(0.97)`, `torch.div(losses, count)`."""
        if len(asked.arguments) != 2:
            return None
        op = ast.Mult() if asked.last in _MULTIPLIES else ast.Div()
        return self.arithmetic(asked.arguments[0], asked.arguments[1], op, asked.node)

    def _put_out(self, asked: Asked, found: Value | None) -> None:
        """`np.fmin(one, other, out=array[begin:end])` stores what it gives."""
        for keyword in getattr(asked.node, "keywords", ()):
            if keyword.arg == "out" and isinstance(keyword.value, (ast.Subscript, ast.Attribute)):
                self.store(keyword.value, Value(asked.labels) if found is None else found, asked.node)

    def _table_read(self, asked: Asked) -> Value | None:
        place = _TABLE_READS[asked.last] + 1
        if not asked.arguments:
            return None
        owner, key = (
            asked.arguments[0],
            asked.arguments[place] if len(asked.arguments) > place else asked.named.get("index", NOTHING),
        )
        if isinstance(owner.ref, Array) and not owner.all_labels() & {NLL, LOGITS}:
            return self.looked_up(owner, key, asked.node)
        found = owner.all_labels()
        if LOGITS in found and key.all_labels() & DATA:
            wanted = key.all_labels()
            return Value(found | wanted | {NLL} | picked(found, wanted, asked.node, self))
        return self.item(owner, key, asked.node)

    def _equal(self, asked: Asked) -> Value | None:
        """`torch.eq(hint, target)`, `hint.ne(target)`."""
        if len(asked.arguments) < 2:
            return None
        one, other = asked.arguments[:2]
        return Value(asked.labels | matched(one.all_labels(), other.all_labels()) | matches(one, other))

    def _summed(self, asked: Asked) -> Value | None:
        if not asked.is_method or len(asked.arguments) < 2:
            return None
        owner, inner = asked.arguments[0], asked.arguments[1].all_labels()
        if NLL in inner:
            inner |= self.scored(asked.node, _receiver(asked.node), inner, "added")
        if isinstance(owner.ref, Array):
            owner.ref.labels |= inner
            self.wrote(owner, asked.arguments[1], asked.node)
            return owner
        func = getattr(asked.node, "func", None)
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
            known = self.scope.find(func.value.id)
            if known is not None and inner - known.labels:
                self.changes += 1
                self.scope.home(func.value.id).names[func.value.id] = known.plus(inner)
        return Value(asked.labels)

    def put(self, node: ast.AST, name: str, *given: Value) -> None:
        """Note that networks, or parts of them, are changed in place."""
        into = frozenset(one for one in set[Instance]().union(*map(owners, given)) if one.cls.module)
        if into:
            self.note(Kind.PUT, node, name, detail=into)

    def _copied(self, asked: Asked) -> Value | None:
        if asked.last == "fill_":
            self._emptied(asked)
        if asked.last == "copy_" and asked.is_method and asked.arguments and asked.arguments[0].ref is None:
            self.note(Kind.PUT, asked.node, asked.name, detail=frozenset())
        elif asked.last == "copy_":
            self.put(asked.node, asked.name, *asked.arguments[:1])
        if asked.last == "copy_" and len(asked.arguments) == 2 and owners(asked.arguments[1]):
            taken = owners(asked.arguments[0])  # weights are put back, one by one
            if taken:
                self.note(Kind.LOAD, asked.node, asked.name, asked.labels, detail=frozenset(taken))
        if asked.is_method and asked.arguments and isinstance(asked.arguments[0].ref, Array):
            asked.arguments[0].ref.labels |= self.picked(Value(labels_of(asked.arguments[1:], asked.named))).labels
            return asked.arguments[0]
        return None

    def _least(self, asked: Asked) -> Value | None:
        losses = [one for one in asked.arguments if NLL in one.all_labels()]
        if len(losses) >= 2:
            self.note(Kind.LEAST, asked.node, asked.last, asked.labels)
            return Value(asked.labels | {LEAST})
        return None

    def _where(self, asked: Asked) -> Value | None:
        if len(asked.arguments) == 3:
            found = blended(asked.labels, asked.arguments[1:], asked.arguments[0], asked.node, self)
            if found is not None:
                return Value(found)
        if len(asked.arguments) == 3 and all(NLL in one.all_labels() for one in asked.arguments):
            self.note(Kind.LEAST, asked.node, asked.last, asked.labels, detail="where")
            return Value(asked.labels | {LEAST}) if _is_comparison(asked.node) else None
        return None


def _is_comparison(node: ast.AST) -> bool:
    """Whether `where(a < b, a, b)` picks the smaller of the two that it compares."""
    arguments = getattr(node, "args", [])
    if len(arguments) != 3 or not isinstance(arguments[0], ast.Compare) or len(arguments[0].comparators) != 1:
        return False
    compared = {ast.dump(arguments[0].left), ast.dump(arguments[0].comparators[0])}
    return compared == {ast.dump(arguments[1]), ast.dump(arguments[2])}


def of_network(block: Block) -> bool:
    """Whether it is the call of a method of a network."""
    function = block.detail
    return isinstance(function, Function) and function.owner is not None and function.owner.module


def _source(asked: Asked) -> str:
    """The first plain text among the arguments: an address, or the name of a collection."""
    values = (*asked.arguments, *asked.named.values())
    return next((value.const for value in values if value.known and isinstance(value.const, str)), "")


def _span(bounds: Arguments) -> Span:
    """The least and the largest number of a range, as far as its bounds are plain."""
    plain = [one.const if one.known and isinstance(one.const, int) else None for one in bounds]
    if not 0 < len(plain) < 4:
        return UNBOUNDED
    start, stop = (0, *plain)[-2:] if len(plain) < 3 else plain[:2]
    step = plain[2] if len(plain) == 3 else 1
    if step == 1:
        return Span(start, None if stop is None else stop - 1)
    return Span(None if stop is None else stop + 1, start) if step == -1 else UNBOUNDED


def _stop(asked: Asked) -> Value:
    """The bound that a range ends before."""
    return asked.arguments[min(1, len(asked.arguments) - 1)] if asked.arguments else NOTHING


def _turns(labels: Labels) -> Labels:
    return frozenset(label for label in labels if isinstance(label, Turn))


def _beside_tokens(value: Value) -> bool:
    """Whether several things are put together of which some, and not all, are tokens of the validation text."""
    array = value.ref
    parts = value.items or (tuple(array.fields.values()) if isinstance(array, Array) else ())
    are = [bool(VAL in labels and not labels & {NLL, LOGITS, LENGTH}) for labels in map(Value.all_labels, parts)]
    return (any(are) and not all(are)) or any(map(_beside_tokens, parts))


def _same_object(arguments: Arguments) -> Any:
    """A network that is moved, compiled or wrapped stays the same network, and its parameters are its own."""
    for one in arguments[:1]:
        if isinstance(one.ref, Optimizer):
            return one.ref
        return owner_of(one.ref)
    return None


def _place(arguments: tuple[Value, ...]) -> Token | None:
    """Clipping, casting and the like leave an index where it points."""
    found = [one.place for one in arguments if one.place is not None]
    return found[0] if len(found) == 1 else None


def _receiver(node: ast.AST) -> str:
    func = getattr(node, "func", None)
    owner = func.value if isinstance(func, ast.Attribute) else None
    while isinstance(owner, ast.Subscript):
        owner = owner.value
    if isinstance(owner, ast.Attribute):
        return owner.attr
    return owner.id if isinstance(owner, ast.Name) else ""


def _table() -> dict[str, Any]:
    groups: list[tuple[Any, Any]] = [
        (_READS, Libraries._read),
        (("readinto",), Libraries._read_into),
        (_RANDOM, Libraries._random),
        (_SAMPLES, Libraries._sampled),
        (_SIZES, Libraries._size),
        (_RANGES, Libraries._range),
        (("get_rank",), Libraries._rank),
        (_CLOCKS, Libraries._clock),
        (_EMPTY, Libraries._empty),
        (_CONTAINERS, Libraries._container),
        (_SAME, Libraries._same_value),
        (_WRAPPERS, Libraries._wrapped),
        (_LOSSES, Libraries._loss),
        (_OPTIMIZERS, Libraries._optimizer),
        (_SAVES, Libraries._saved),
        (_LOADS - {"load"}, Libraries._loaded),
        (_ESCAPES, Libraries._escaped),
        (_GROW, Libraries._grown),
        (_TABLE_WRITES, Libraries._table_write),
        (_TABLE_READS, Libraries._table_read),
        (_IN_PLACE_SUM, Libraries._summed),
        (_SMALLER, Libraries._least),
        (("eq", "ne", "equal", "not_equal"), Libraries._equal),
        (_POINTERS, Libraries._pointer),
        (_ENCODES, Libraries._encoded),
        (("exp", "exp_", "exp2"), Libraries._exponent),
        (("log", "log2", "log_", "log1p", "logaddexp", "logsumexp", "log_softmax", "softmax"), Libraries._logarithm),
        (("stack", "cat", "concatenate", "concat", "hstack", "column_stack"), Libraries._beside),
        (_NUMBERS, Libraries._number),
        (("get", "getenv", "setdefault", "pop"), Libraries._get),
        (("getattr",), Libraries._getattr),
        (("backward", "grad"), Libraries._backward),
        (("step",), Libraries._step),
        (_EXCHANGES, Libraries._exchanged),
        (("Parameter",), Libraries._parameter),
        (("print",), Libraries._printed),
        (printing.METHODS, Libraries._logged),
        (("partial",), Libraries._partial),
        (("items", "values", "sorted", "reversed"), Libraries._listed),
        (("submit",), Libraries._submitted),
        (("map",), Libraries._mapped),
        (("is_available",), Libraries._available),
        (("join", "Path", "PurePath"), Libraries._path),
        (("glob", "rglob", "listdir", "scandir", "iterdir"), Libraries._globbed),
        (("filter",), Libraries._filtered),
        (("zip", "enumerate"), Libraries._zip),
        (("at",), Libraries._add_at),
        (("bincount", "histogram", "histogram2d"), Libraries._counted),
        (_CONVERTS, Libraries._converted),
        (_EMPTIES, Libraries._emptied),
        (("copy_", "fill_", "update"), Libraries._copied),
        (("deepcopy",), Libraries._copied_whole),
        (("where",), Libraries._where),
        (("lerp", "lerp_"), Libraries._blended),
        (("field",), Libraries._field),
        (PARSERS, Libraries._parser),
        (("add_argument",), Libraries._option),
        (GROUPS, Libraries._option_group),
        (PARSED, Libraries._parsed),
        (("vars",), Libraries._as_dictionary),
        (("with_name",), Libraries._named_beside),
        (BY_PATH | FROM_SPEC, Libraries._module),
        (("ModuleType",), Libraries._module_made),
        (("SimpleNamespace", "Namespace"), Libraries._namespace),
        (TEXT_METHODS, Libraries._text),
        (("type",), Libraries._type),
        (_MULTIPLIES | _DIVIDES, Libraries._product),
    ]
    return {name: handler for names, handler in groups for name in names}


_HANDLERS: dict[str, Callable[[Libraries, Asked], Value | None]] = _table()
