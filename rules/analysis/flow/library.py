"""What calls of libraries give, by their names: only what matters for where data and losses come from and go to."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from rules.analysis.flow import printing
from rules.analysis.flow.arrays import TABLE_READS, TABLE_WRITES, Arrays
from rules.analysis.flow.base import Arguments, Asked, Named, labels_of
from rules.analysis.flow.events import Kind
from rules.analysis.flow.labels import MATCHED, NLL, NONE, STATE, Token
from rules.analysis.flow.loading import BY_PATH, FROM_SPEC
from rules.analysis.flow.losses import DIVIDES, INNER_PRODUCTS, MULTIPLIES
from rules.analysis.flow.objects import (
    Array,
    Class,
    Instance,
    Optimizer,
    array_of,
    owner_of,
)
from rules.analysis.flow.options import GROUPS, PARSED, PARSERS
from rules.analysis.flow.ordinary import NUMBERS, SAME
from rules.analysis.flow.picking import PICKS, note_pick
from rules.analysis.flow.plain import TEXT_METHODS
from rules.analysis.flow.rivals import INDICES, LARGEST, ORDERED_PLACES, ORDERS, RECTIFIES, SMALLEST
from rules.analysis.flow.trust import MOVES, SQUASHES
from rules.analysis.flow.values import Value
from rules.analysis.flow.windows import WINDOWS

_READS = frozenset(
    {"fromfile", "memmap", "frombuffer", "load", "open", "read", "read_bytes", "load_file", "safe_open", "read_table"}
)
_LOSSES = frozenset({"cross_entropy", "nll_loss", "linear_cross_entropy", "fused_cross_entropy", "kl_div"})
_EMPTY = frozenset(
    {"zeros", "empty", "full", "zeros_like", "full_like", "empty_like", "ones", "ones_like", "new_zeros"}
)
_CONTAINERS = frozenset({"list", "dict", "set", "defaultdict", "OrderedDict", "Counter", "deque"})
_RANDOM = frozenset(
    {"randint", "rand", "randn", "randperm", "integers", "choice", "choices", "shuffle", "permutation", "normal_"}
)
_SAMPLES = frozenset({"multinomial", "sample"})
_SAVES = frozenset({"save", "save_file", "savez", "savez_compressed", "dump", "write", "write_bytes", "tofile"})
_LOADS = frozenset({"load_state_dict", "decompress", "load"})
_WRAPPERS = frozenset(
    {"compile", "DistributedDataParallel", "DDP", "no_grad", "inference_mode", "jit", "script", "wraps", "lru_cache"}
)
_CONVERTS = frozenset({"from_numpy", "as_tensor", "tensor", "array", "asarray", "csr_matrix", "coo_matrix"})
_EMPTIES = frozenset({"zero_", "clear"})
_GROW = frozenset({"append", "extend", "add", "appendleft", "insert", "push"})
_IN_PLACE_SUM = frozenset({"add_", "iadd"})
_ELEMENTWISE = RECTIFIES | {"round", "neg"}
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
_POINTERS = frozenset(
    {"data_as", "data_ptr", "byref", "cast", "from_buffer", "POINTER", "ndpointer", "ascontiguousarray"}
)
_ENCODES = frozenset({"encode", "bytes", "bytearray", "id_to_piece", "IdToPiece", "id_to_token"})
_FETCHES = frozenset(
    {
        "load_dataset",
        "snapshot_download",
        "hf_hub_download",
        "urlopen",
        "urlretrieve",
        "from_pretrained",
        "cached_file",
        "HTTPConnection",
        "HTTPSConnection",
        "load_state_dict_from_url",
        "download_url_to_file",
    }
)
_SITES = frozenset(
    {
        "requests",
        "httpx",
        "aiohttp",
        "gdown",
        "wget",
        "boto3",
        "huggingface_hub",
        "ftplib",
        "urllib3",
        "pycurl",
        "paramiko",
        "s3fs",
        "gcsfs",
    }
)
_OPENS = frozenset({"open", "load", "read_csv", "read_json", "read_parquet", "read_table", "loadtxt", "genfromtxt"})
_ADDRESS = re.compile(r"(?:https?|ftp|s3|gs|hf)://", re.I)
_IN_PLACE = re.compile(r"[a-z][a-z0-9_]*[a-z0-9]_")
_PUTS = re.compile(r"setattr|set_|swap_tensors|\w*load\w+|\w+_to_parameters")  # given a network, they change it
_CLOCKS = frozenset({"time", "perf_counter", "monotonic", "process_time", "perf_counter_ns", "time_ns", "elapsed_time"})
_EXCHANGES = frozenset({"all_reduce", "all_gather", "all_gather_into_tensor", "broadcast", "reduce_scatter_tensor"})
_RANGES = frozenset({"range", "arange"})
_OPTIMIZERS = frozenset(
    {"Adam", "AdamW", "SGD", "Muon", "RMSprop", "Adagrad", "LBFGS", "NAdam", "RAdam", "Adamax", "Lion"}
)


class Libraries(Arrays):
    """Calls by dotted name. A method of an unknown value has a name that begins with `().` and its owner first."""

    def library(self, name: str, arguments: Arguments, named: Named, node: ast.AST) -> Value:
        """The value of a call of something that is not the program's own."""
        last = name.rpartition(".")[2]
        asked = Asked(name, last, arguments, named, node, labels_of(arguments, named))
        if last in _FETCHES or name.partition(".")[0] in _SITES or (last in _OPENS and _ADDRESS.match(_source(asked))):
            self.note(Kind.FETCH, node, name, asked.labels, detail=_source(asked))
        if last in PICKS:
            note_pick(self, asked)
        handler = _HANDLERS.get(last)
        if handler is None and _puts(last):
            self.put(node, name, *arguments)
        if handler is None and asked.is_method and not _is_in_place(last):
            self.asked_part(asked)
        found = None if handler is None else handler(self, asked)
        self._put_out(asked, found)
        if found is None and name.startswith("torch.nn.") and last[:1].isupper():
            return Value(ref=Instance(Class(last, {}, module=True)))
        if found is not None:
            return found
        array = array_of(arguments[0].ref) if asked.is_method and arguments and _is_in_place(last) else None
        if array is None and MATCHED in asked.labels and _is_in_place(last):
            self.mixed_in(getattr(getattr(node, "func", None), "value", None), frozenset({MATCHED}))
        if array is not None:  # `hashes.bitwise_xor_(tokens)`
            if asked.labels - array.labels:
                self.changes += 1
            array.labels |= asked.labels | ({STATE} if NLL in asked.labels else NONE)
        return Value(asked.labels, ref=array or _same_object(arguments) or _same_table(asked), place=_place(arguments))


@lru_cache(maxsize=4096)  # few names are called, and each often
def _is_in_place(name: str) -> bool:
    """Whether a method changes its owner, by its name."""
    return _IN_PLACE.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def _puts(name: str) -> bool:
    """Whether what is called changes a network that it is given, by its name."""
    return _PUTS.fullmatch(name) is not None


def _source(asked: Asked) -> str:
    """The first plain text among the arguments: an address, or the name of a collection."""
    values = (*asked.arguments, *asked.named.values())
    return next((value.const for value in values if value.known and isinstance(value.const, str)), "")


def _same_object(arguments: Arguments) -> Any:
    """A network that is moved, compiled or wrapped stays the same network, and its parameters are its own."""
    for one in arguments[:1]:
        if isinstance(one.ref, Optimizer):
            return one.ref
        return owner_of(one.ref)
    return None


def _same_table(asked: Asked) -> Array | None:
    """A table whose entries are all changed in the same way is looked up as it was before."""
    table = asked.arguments[0].ref if asked.arguments and asked.last in _ELEMENTWISE else None
    return table if isinstance(table, Array) and table.writes and not table.container else None


def _place(arguments: tuple[Value, ...]) -> Token | None:
    """Clipping, casting and the like leave an index where it points."""
    found = [one.place for one in arguments if one.place is not None]
    return found[0] if len(found) == 1 else None


def _table() -> dict[str, Any]:
    groups: list[tuple[Any, Any]] = [
        (_READS, Libraries._read),
        (("readinto",), Libraries._read_into),
        (_RANDOM, Libraries._random),
        (_SAMPLES, Libraries._sampled),
        (("islice",), Libraries._sliced),
        (WINDOWS, Libraries._windows),
        (_SIZES, Libraries._size),
        (_RANGES, Libraries._range),
        (("get_rank",), Libraries._rank),
        (_CLOCKS, Libraries._clock),
        (_EMPTY, Libraries._empty),
        (_CONTAINERS, Libraries._container),
        (SAME, Libraries._same_value),
        (_WRAPPERS, Libraries._wrapped),
        (_LOSSES, Libraries._loss),
        (_OPTIMIZERS, Libraries._optimizer),
        (_SAVES, Libraries._saved),
        (_LOADS - {"load"}, Libraries._loaded),
        (_ESCAPES, Libraries._escaped),
        (_GROW, Libraries._grown),
        (TABLE_WRITES, Libraries._table_write),
        (TABLE_READS, Libraries._table_read),
        (_IN_PLACE_SUM, Libraries._summed),
        (SMALLEST | LARGEST | INDICES | ORDERS | ORDERED_PLACES, Libraries._least),
        (RECTIFIES, Libraries._rectified),
        (("reduce",), Libraries._reduced),
        (("sum", "fsum"), Libraries._added_up),
        (SQUASHES - {"softmax", "log_softmax"}, Libraries._squashed),
        (MOVES, Libraries._moved_on),
        (("eq", "ne", "equal", "not_equal"), Libraries._equal),
        (_POINTERS, Libraries._pointer),
        (("compress",), Libraries._packed),
        (_ENCODES, Libraries._encoded),
        (("exp", "exp_", "exp2"), Libraries._exponent),
        (("log", "log2", "log_", "log1p", "logaddexp", "logsumexp", "log_softmax", "softmax"), Libraries._logarithm),
        (("repeat", "tile"), Libraries._repeated),
        (("log_prob",), Libraries._log_prob),
        (("entr", "entropy"), Libraries._entropy),
        (("xlogy", "einsum", "vecdot"), Libraries._entropies),
        (("stack", "cat", "concatenate", "concat", "hstack", "vstack", "column_stack"), Libraries._beside),
        ([name for name in NUMBERS if name not in RECTIFIES], Libraries._number),
        (("get", "getenv", "setdefault", "pop"), Libraries._get),
        (("getattr",), Libraries._getattr),
        (("backward", "grad"), Libraries._backward),
        (("step",), Libraries._step),
        (("requires_grad_",), Libraries._needs_gradient),
        (_EXCHANGES, Libraries._exchanged),
        (("Parameter",), Libraries._parameter),
        (("print",), Libraries._printed),
        (printing.METHODS, Libraries._logged),
        (("partial",), Libraries._partial),
        (("items", "values", "reversed"), Libraries._listed),
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
        (("masked_fill_", "index_fill_"), Libraries._filled),
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
        (MULTIPLIES | DIVIDES, Libraries._product),
        (INNER_PRODUCTS, Libraries._inner_product),
    ]
    return {name: handler for names, handler in groups for name in names}


_HANDLERS: dict[str, Callable[[Libraries, Asked], Value | None]] = _table()
