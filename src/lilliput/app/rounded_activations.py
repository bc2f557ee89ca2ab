"""What a cartridge's model rounds between its matrices, for the float model that learns to compute so."""

import numpy as np

from lilliput.quantize.qat_planes import Rounded
from lilliput.training.rounded_activations import RoundedActivations, RoundedLayer


def activations_of(rounded: Rounded) -> RoundedActivations:
    """Units and limits of all that is between the matrices of the integer model."""
    model, grain = rounded.model, rounded.grain
    layers = []
    for number, layer in enumerate(model.layers):
        units = grain.layers[number]
        q, k, v, up, hidden = (float(each) for each in (units.q, units.k, units.v, units.up, units.hidden))
        o, down = layer.o, layer.down
        assert o.planes is not None
        assert down.planes is not None
        layers.append(
            RoundedLayer(
                q=(q, layer.q.output_limit),
                k=(k, layer.k.output_limit),
                q_turned=(q * 2.0**layer.q_shift, layer.q_limit),
                k_turned=(k * 2.0**layer.k_shift if model.odd_keys else 0.0, layer.k_limit),
                q_sum=layer.q_sum_limit,
                k_offset=(layer.k_offset * k).astype(np.float32).reshape(-1),
                v=(v, layer.v.output_limit),
                z=(v * 2.0**-layer.o_shift, o.made_limit),
                gate=(grain.gate, layer.gate.output_limit),
                up=(up, layer.up.output_limit),
                hidden=(hidden, down.made_limit),
                z_narrow=o.input_limit,
                z_squares=o.planes.square_limit,
                hidden_narrow=down.input_limit,
                hidden_squares=down.planes.square_limit,
                middle=grain.residual[2 * number + 1],
                next=grain.residual[2 * number + 2],
            )
        )
    return RoundedActivations(
        layers=tuple(layers),
        window=model.window,
        embed=grain.residual[0],
        normed=(grain.normed, model.norm.output_limit),
        activation=(model.activation * grain.activated).astype(np.float32),
        cosine_units=2**model.cosine_bits,
    )
