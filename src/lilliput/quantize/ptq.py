"""Quantization after training: an integer model from float weights and what they compute on some stories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lilliput.errors import ConfigError
from lilliput.models.angles import rotary_table
from lilliput.quantize.bounds import check_bounds
from lilliput.quantize.fixed import (
    INT16,
    UNIT_BITS,
    make_exp2_table,
    make_reciprocal_table,
    make_rsqrt_table,
    narrow,
)
from lilliput.quantize.grain import Grain, LayerGrain
from lilliput.quantize.heads import Heads
from lilliput.quantize.hidden import choose_hidden
from lilliput.quantize.intmodel import (
    KIND_LIMITS,
    IntConfig,
    IntLayer,
    IntMatrix,
    IntModel,
    IntNorm,
    IntPlanes,
    Kind,
)
from lilliput.quantize.narrow import NARROW_BITS, check_settings, fold_gains, narrow_shift
from lilliput.quantize.numbers import check_vocabulary
from lilliput.quantize.observe import Seen, activation_of, observe
from lilliput.quantize.planes import (
    Tables,
    arrange_tables,
    choose_coarser,
    choose_shift,
    norm_square_limit,
    round_planes,
)
from lilliput.quantize.rounding import Form, Method, choose_input_scales, round_rows
from lilliput.quantize.scaling import (
    bits_within,
    choose_residual_steps,
    choose_value_steps,
    split_gains,
    split_ratios,
)
from lilliput.quantize.settings import QuantizeSettings

Floats = npt.NDArray[np.float64]
_RESIDUAL_ROOM = 1.25
"""How much greater than all that calibration saw the residual stream may be before it is cut."""
_MOST_RATIO = 1024
"""Units of the residual stream in a step of the embedding: so a row's multiplier of 12 bits can make them."""
_MEAN_SQUARE = 13.0**2
"""Greatest mean square of the whole numbers that a matrix of planes reads, where no norm makes them: sums of
172 of them times weights of 4 to 5 planes just have 16 bits."""
_LEAST_GATE = 8.0
"""Gates below minus this, or minus the greatest seen, are taken as this: little comes through them."""


@dataclass(frozen=True)
class MatrixReport:
    """How far one matrix's products with what it reads are off, as a share of the products' size (rms)."""

    name: str
    kind: Kind
    by_weights: float
    """With exact inputs."""
    by_both: float
    """With its inputs rounded too."""


@dataclass(frozen=True)
class Quantized:
    """An integer model, and what making it lost matrix by matrix."""

    model: IntModel
    reports: tuple[MatrixReport, ...]
    float_nats_per_token: float
    """Of the calibration stories."""
    units: Mapping[str, Floats]
    """Of inputs of matrices, by the name of the weight that makes them: norms, attn.v, mlp.up."""
    grain: Grain

    @property
    def worst(self) -> MatrixReport:
        """The matrix whose products are furthest off."""
        return max(self.reports, key=lambda report: report.by_both)


def require_integers_for(config: Any) -> None:
    """Raise ConfigError for a model that no integers can be made of: another family, or too many tokens."""
    if config.family not in ("llama", "qwen3"):
        raise ConfigError(f"integers are for the families llama and qwen3; this model is {config.family}")
    check_vocabulary(config)


def quantize(
    config: Any,
    weights: Mapping[str, npt.NDArray[np.float32]],
    stories: Sequence[npt.NDArray[np.int64]],
    settings: QuantizeSettings,
    source: dict[str, Any] | None = None,
) -> Quantized:
    """An integer model of a Llama or Qwen3, calibrated on stories (ids from BOS).

    Raises ConfigError for another family, and for a model whose sums could overflow.
    """
    require_integers_for(config)
    if not stories:
        raise ConfigError("calibration needs at least one story")
    check_settings(config, settings)
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise ConfigError(
                f"{name} holds NaN or infinity: such a model cannot be quantized; train it again"
            )
    if settings.norms == "narrow":
        config, weights = fold_gains(config, weights)
    seen = observe(config, weights, stories)
    if not np.isfinite([seen.nats, *seen.most_residuals, seen.most_logit]).all():
        raise ConfigError("the model computes NaN or infinity on the calibration stories: train it again")
    builder = _Builder(config, weights, seen, settings)
    model, reports = builder.build(source or {})
    check_bounds(model)
    return Quantized(model, tuple(reports), seen.nats / max(seen.tokens, 1), builder.units, builder.grain)


@dataclass(frozen=True)
class _Input:
    """What a matrix reads: as floats, as calibration saw them (N, C), and the whole numbers they become."""

    seen: Floats
    scales: Floats
    """(C,)"""
    form: Form
    tables: Tables
    square_limit: int
    """Greatest sum of squares of the whole numbers; for matrices of planes."""


class _Builder:
    def __init__(
        self,
        config: IntConfig,
        weights: Mapping[str, npt.NDArray[np.float32]],
        seen: Seen,
        settings: QuantizeSettings,
    ) -> None:
        self._config, self._weights, self._seen, self._settings = config, weights, seen, settings
        limit = 2 ** (settings.activation_bits - 1) - 1
        self._normed = Form(limit, settings.blocks == "all" and limit < INT16)
        self._heads = Form(limit, settings.blocks in ("all", "inner") and limit < INT16)
        hidden = 2 ** (settings.hidden_bits - 1) - 1
        self._inner = Form(limit, settings.blocks != "static" and limit < hidden, hidden)
        room = (2.0 ** (settings.residual_bits - 1) - 1) / _RESIDUAL_ROOM
        least = _least_step(config, config.d_model)
        finest = [max(most / room, least) for most in seen.most_residuals]
        levels = KIND_LIMITS[settings.kind("embed")] * _MOST_RATIO
        finest[0] = max(finest[0], seen.most_residuals[0] / levels)
        self._residual_steps = choose_residual_steps(finest)
        self._gate_limit = 2 ** (settings.gate_bits - 1) - 1
        self._gate_step = max(1.1 * seen.most_gate, _LEAST_GATE) / self._gate_limit
        places = np.arange(-self._gate_limit, self._gate_limit + 1) * self._gate_step
        activated = activation_of(config.gate)(places)
        self._turn_limit = 2 ** (settings.turn_bits - 1) - 1
        self._up_limit = 2 ** (settings.up_bits - 1) - 1
        self._activated_step = float(np.abs(activated).max()) / (2 ** (settings.table_bits - 1) - 1)
        self._activation = np.rint(activated / self._activated_step).astype(np.int16)
        self._chance_bits = settings.chance_bits
        if settings.sum_bits == 32:
            # so that as many values as the context holds, each times its chance, add up
            value_bits = max(settings.value_bits - 1, 4)  # nibbles may be added up with 8 more
            room_bits = 31 - (config.context - 1).bit_length() - value_bits
            self._chance_bits = min(self._chance_bits, room_bits)
        self._narrow = settings.norms == "narrow"
        self._uneven = settings.units == "uneven"
        self._reports: list[MatrixReport] = []
        self.units: dict[str, Floats] = {}
        normed = self._narrow_unit(config.d_model) if self._narrow else 0.0
        self.grain = Grain(normed, self._gate_step, self._activated_step, self._residual_steps)

    def build(self, source: dict[str, Any]) -> tuple[IntModel, list[MatrixReport]]:
        """The model and a report for each matrix."""
        config, settings = self._config, self._settings
        layers = tuple(self._layer(number) for number in range(config.n_layers))
        norm, head, embed, logit_bits = self._ends()
        cos, sin = np.split(
            rotary_table(config.d_head, config.context, config.rope_theta).astype(np.float64), 2, 1
        )
        model = IntModel(
            config=config,
            source=source,
            embed=embed,
            layers=layers,
            norm=norm,
            head=head,
            cosines=np.rint(cos * 2**settings.cosine_bits).astype(np.int16),
            sines=np.rint(sin * 2**settings.cosine_bits).astype(np.int16),
            exp2=make_exp2_table(self._chance_bits),
            rsqrt=make_rsqrt_table(),
            reciprocal=make_reciprocal_table(),
            activation=self._activation,
            chance_bits=self._chance_bits,
            logit_bits=logit_bits,
            cosine_bits=settings.cosine_bits,
            window=settings.window if settings.window < config.context else 0,
            odd_keys=settings.keys == "odd",
            sum_bits=settings.sum_bits,
            reciprocal_bits=settings.reciprocal_bits,
        )
        return model, self._reports

    def _weight(self, number: int, name: str) -> Floats:
        return self._weights[f"blocks.{number}.{name}.weight"].astype(np.float64)

    def _norm(self, name: str, gains: Floats, steps: Floats, limit: int, input_step: float) -> IntNorm:
        """The norm `name`, whose results are in units of `steps`, of inputs in units of `input_step`."""
        size = gains.shape[-1]
        if self._narrow and gains.ndim == 1:
            epsilon = round(size * self._config.norm_eps / input_step**2)
            none = np.zeros(0, np.int16)
            return IntNorm(none, narrow_shift(size), epsilon, NARROW_BITS, limit, narrow=True)
        whole, shift = split_gains(gains * size**0.5 * 2.0**-UNIT_BITS / steps, name)
        epsilon = round(size * self._config.norm_eps / input_step**2)
        square_bits = min(self._settings.square_bits, (31 - (size - 1).bit_length()) // 2)
        return IntNorm(whole, shift, epsilon, square_bits, limit)

    def _layer_norm(self, number: int, part: str, steps: Floats, input_step: float) -> IntNorm:
        gains = self._weight(number, part)
        return self._norm(f"blocks.{number}.{part}", gains, steps, self._normed.made_limit, input_step)

    def _input_scales(
        self,
        x: Floats,
        matrices: Sequence[Floats],
        parts: str,
        form: Form,
        *,
        tied: bool = False,
        normed: bool = False,
    ) -> Floats:
        if normed and self._narrow:
            return np.full(x.shape[1], self._narrow_unit(x.shape[1]))
        kinds = [_rows_kind(self._settings.kind(part)) for part in parts.split()]
        cut = self._settings.ranges == "mse"
        return choose_input_scales(x, matrices, form, kinds, uneven=self._uneven and not tied, cut=cut)

    @staticmethod
    def _narrow_unit(size: int) -> float:
        return float(size**0.5 * 2.0 ** (narrow_shift(size) - UNIT_BITS))

    def _matrix(
        self, name: str, matrix: Floats, x: "_Input", steps: Floats | float, output_limit: int
    ) -> IntMatrix:
        """`matrix` (R, C) that reads `x` and answers in units of `steps`."""
        return self._rounded(name, matrix, x, steps, output_limit, self._settings.rounding)[0]

    def _rounded(
        self,
        name: str,
        matrix: Floats,
        x: "_Input",
        steps: Floats | float,
        output_limit: int,
        method: Method,
    ) -> tuple[IntMatrix, Floats]:
        """A matrix, and its rows' steps."""
        kind = self._settings.kind(name.rpartition(".")[2])
        units = np.broadcast_to(np.asarray(steps, np.float64), len(matrix))
        whole = x.form.whole(x.seen, x.scales)
        if kind == "planes":
            return self._planes(name, matrix, x, units, output_limit, whole), units
        shifting = self._settings.scales == "shift"
        rows = round_rows(matrix * x.scales, kind, whole, method, units if shifting else None)
        bounds = np.abs(rows.values.astype(np.int64)).sum(axis=1) * x.form.limit
        multipliers, shifts = split_ratios(rows.steps / units, bounds, name, x.form.most_down)
        self._report(name, kind, matrix, rows.restored() / x.scales, x, whole)
        return IntMatrix(
            kind, rows.values, multipliers, shifts, x.form.limit, x.form.made_limit, output_limit
        ), rows.steps

    def _planes(
        self, name: str, matrix: Floats, x: "_Input", units: Floats, output_limit: int, whole: Floats
    ) -> IntMatrix:
        """A matrix of odd weights, whose rows' sums have 16 bits and are shifted only."""
        scaled = matrix * x.scales / units[:, np.newaxis]
        bits = self._settings.bits_of(name.rpartition(".")[2])
        shift = choose_shift(scaled, x.tables, bits)
        values, shifts = round_planes(name, scaled, whole, x.tables, x.square_limit, shift)
        steps = (2.0**-shifts * units)[:, np.newaxis] / x.scales
        self._report(name, "planes", matrix, values * steps, x, whole)
        self.grain.steps[name] = steps
        return IntMatrix(
            "planes",
            values,
            np.full(len(values), 2, np.int16),  # rsh(2 a, s + 1) is rsh(a, s), of s = 0 too
            (shifts + 1).astype(np.uint8),
            x.form.limit,
            x.form.made_limit,
            output_limit,
            IntPlanes(x.tables.order, x.tables.size, x.square_limit),
        )

    def _report(
        self, name: str, kind: Kind, matrix: Floats, restored: Floats, x: "_Input", whole: Floats
    ) -> None:
        wanted = x.seen @ matrix.T
        size = float(np.sqrt(np.square(wanted).mean())) + 1e-12
        errors = [
            float(np.sqrt(np.square(y @ restored.T - wanted).mean())) / size
            for y in (x.seen, whole * x.scales)
        ]
        self._reports.append(MatrixReport(name, kind, *errors))

    def _input(
        self, seen: Floats, scales: Floats, form: Form, matrices: list[Floats], *, normed: bool = False
    ) -> "_Input":
        """What `matrices` (R, C) read."""
        tables = arrange_tables([matrix * scales for matrix in matrices], self._settings.bits)
        if normed and self._narrow:
            limit = norm_square_limit(len(scales), narrow_shift(len(scales)))
        else:
            narrowed, _ = narrow(form.made(seen, scales), form.limit)
            most = float(np.square(narrowed).sum(axis=1).max())
            limit = int(min(most, len(scales) * _MEAN_SQUARE))
        return _Input(seen, scales, form, tables, limit)

    def _layer(self, number: int) -> IntLayer:
        layer = self._seen.layers[number]
        seen = {name: values.astype(np.float64) for name, values in vars(layer).items()}
        return IntLayer(**self._attention(number, seen), **self._mlp(number, seen))

    def _list_value_shifts(self, value_limit: int) -> Sequence[int]:
        """By what means of values may be finer than these; one way in a cartridge, whose layers are alike."""
        most = min(16 - self._settings.value_bits, self._chance_bits - 2)
        if self._settings.sum_bits == 16:
            return [min(most, (127 // value_limit).bit_length() - 1)]
        return [most] if self._heads.block else range(min(5, most + 1))

    def _attention(self, number: int, seen: dict[str, Floats]) -> dict[str, Any]:
        config, settings = self._config, self._settings
        x = seen["attn_in"]
        wq, wk, wv, wo = (self._weight(number, f"attn.{part}") for part in "qkvo")
        scales = self._input_scales(x, [wq, wk, wv], "q k v", self._normed, normed=True)
        before, between = self._residual_steps[2 * number : 2 * number + 2]
        norm1 = self._layer_norm(number, "norm1", scales, before)
        reads = self._input(x, scales, self._normed, [wq, wk, wv], normed=True)
        name = f"blocks.{number}.attn"
        fields: dict[str, Any] = {"q_norm": None, "k_norm": None}
        heads = Heads(name, config, settings, seen["turned_q"], seen["turned_k"], *self._finest(number))
        if config.family == "qwen3":
            least = _least_step(config, config.d_head)
            q_step, k_step = (max(float(np.abs(seen[part]).max()) * 1.5 / INT16, least) for part in "qk")
            for part, step, steps in (("q", q_step, heads.q_steps), ("k", k_step, heads.k_steps)):
                gains = np.broadcast_to(self._weight(number, f"attn.{part}_norm"), steps.shape)
                fields[f"{part}_norm"] = self._norm(f"{name}.{part}_norm", gains, steps, INT16, step)
            q_steps: Floats | float = q_step
            k_steps: Floats | float = k_step
        else:
            q_steps, k_steps = heads.q_steps.reshape(-1), heads.k_steps.reshape(-1)
        value_limit = 2 ** (settings.value_bits - 1) - 1
        v_steps, o_shift = choose_value_steps(
            seen["v"],
            seen["attn_out"],
            wo,
            config,
            value_limit,
            self._list_value_shifts(value_limit),
            self._heads,
            _rows_kind(settings.kind("o")),
            uneven=self._uneven,
        )
        self.units |= {f"blocks.{number}.norm1": scales, f"{name}.v": v_steps}
        self.grain.layers.append(LayerGrain(heads.q_steps.reshape(-1), heads.k_steps.reshape(-1), v_steps))
        o_scales = v_steps.reshape(config.n_kv_heads, 1, -1).repeat(
            config.n_heads // config.n_kv_heads, axis=1
        )
        return fields | {
            "norm1": norm1,
            "q": self._matrix(f"{name}.q", wq, reads, q_steps, self._turn_limit),
            "k": self._matrix(f"{name}.k", wk, reads, k_steps, self._turn_limit),
            "v": self._matrix(f"{name}.v", wv, reads, v_steps, value_limit),
            "q_shift": heads.q_shift,
            "q_limit": heads.q_limit,
            "k_shift": heads.k_shift,
            "k_limit": heads.k_limit,
            "k_offset": heads.k_offset,
            "score_shift": heads.score_shift,
            "q_sum_limit": heads.q_sum_limit,
            "o_shift": o_shift,
            "o": self._matrix(
                f"{name}.o",
                wo,
                self._input(seen["attn_out"], o_scales.reshape(-1) * 2.0**-o_shift, self._heads, [wo]),
                between,
                INT16,
            ),
            "mid_shift": bits_within(before, between),
        }

    def _finest(self, number: int) -> list[float]:
        """The finest units of queries and keys: where norms make them, their greatest factor has 13 bits."""
        if self._config.family != "qwen3":
            return [0.0, 0.0]
        gains = (self._weight(number, f"attn.{part}_norm") for part in "qk")
        factor = self._config.d_head**0.5 * 2.0 ** -(UNIT_BITS + 13)
        return [float(np.abs(each).max()) * factor for each in gains]

    def _mlp(self, number: int, seen: dict[str, Floats]) -> dict[str, Any]:
        x, hidden, name = seen["mlp_in"], seen["hidden"], f"blocks.{number}.mlp"
        gate, up, down = (self._weight(number, f"mlp.{part}") for part in ("gate", "up", "down"))
        scales = self._input_scales(x, [gate, up], "gate up", self._normed, normed=True)
        reads = self._input(x, scales, self._normed, [gate, up], normed=True)
        hidden_scales = self._input_scales(hidden, [down], "down", self._inner)
        places = np.rint(seen["gate"] / self._gate_step).clip(-self._gate_limit, self._gate_limit)
        hidden_scales, hidden_shift = choose_hidden(
            seen["up"],
            places.astype(np.int64) + self._gate_limit,
            self._activation.astype(np.int64),
            self._activated_step,
            hidden_scales,
            down,
            self._inner,
            self._up_limit,
            uneven=self._uneven,
        )
        self.units |= {f"blocks.{number}.norm2": scales, f"{name}.up": hidden_scales}
        up_steps = hidden_scales * 2.0**-hidden_shift / self._activated_step
        self.grain.layers[number].up, self.grain.layers[number].hidden = up_steps, hidden_scales
        between, behind = self._residual_steps[2 * number + 1 : 2 * number + 3]
        return {
            "norm2": self._layer_norm(number, "norm2", scales, between),
            "gate": self._matrix(f"{name}.gate", gate, reads, self._gate_step, self._gate_limit),
            "up": self._matrix(f"{name}.up", up, reads, up_steps, self._up_limit),
            "hidden_shift": hidden_shift,
            "down": self._matrix(
                f"{name}.down",
                down,
                self._input(hidden, hidden_scales, self._inner, [down]),
                behind,
                INT16,
            ),
            "post_shift": bits_within(between, behind),
        }

    def _ends(self) -> tuple[IntNorm, IntMatrix, IntMatrix, int]:
        """The last norm, the output matrix, the embedding, and the bits of a logit behind the point."""
        config, settings, x = self._config, self._settings, self._seen.head_in.astype(np.float64)
        embedding = self._weights["embed.weight"].astype(np.float64)
        matrix = embedding if config.tied else self._weights["head.weight"].astype(np.float64)
        limit = 2 ** ((settings.head_bits or settings.activation_bits) - 1) - 1
        part = "embed" if config.tied else "head"
        form = Form(limit, settings.blocks == "all" and limit < INT16)
        scales = self._input_scales(x, [matrix], part, form, tied=config.tied, normed=True)
        gains = self._weights["norm.weight"].astype(np.float64)
        norm = self._norm("norm", gains, scales, form.made_limit, self._residual_steps[-1])
        reads = self._input(x, scales, form, [matrix], normed=True)
        most_logit = self._seen.most_logit
        if settings.kind(part) == "planes":  # a row's sum has no more bits than a logit
            lengths = np.linalg.norm(matrix * scales, axis=1)
            most_logit = max(most_logit, float(lengths.max()) * reads.square_limit**0.5)
            most_logit = max(most_logit, float(np.abs(matrix * scales).max()) * INT16 / KIND_LIMITS["planes"])
        logit_bits = max(0, min(15, bits_within(most_logit, INT16 / 1.25)))
        if settings.kind(part) == "planes":
            finest = matrix * scales * 2.0**logit_bits
            logit_bits -= choose_coarser(finest, reads.tables, settings.bits_of(part), logit_bits)
        method: Method = "nearest" if config.tied else settings.rounding  # a tied one is read as rows as well
        head, head_steps = self._rounded(part, matrix, reads, 2.0**-logit_bits, INT16, method)
        if config.tied:
            values, kind, steps = head.values, head.kind, head_steps / scales[0]
        else:
            kind = settings.kind("embed")
            rows = round_rows(embedding, kind, method="nearest")
            values, steps = rows.values, rows.steps
        bounds = np.abs(values.astype(np.int64)).max(axis=1)
        multipliers, shifts = split_ratios(steps / self._residual_steps[0], bounds, "embed")
        embed = IntMatrix(kind, values, multipliers, shifts, 1, 1, INT16)
        return norm, head, embed, logit_bits


def _rows_kind(kind: Kind) -> Kind:
    """The kind whose rounding stands for another's where units of inputs are chosen."""
    return "int8" if kind == "planes" else kind


def _least_step(config: IntConfig, size: int) -> float:
    """The finest unit of what a norm of `size` elements reads: in it, n * eps has 30 bits."""
    return float((size * config.norm_eps) ** 0.5 * 2.0**-15)
