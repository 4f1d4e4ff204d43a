import type { BuiltLayer, Optimizer } from '@ketwork/nn';

/**
 * An optimiser of a loss with the term `mu / 2 · ‖w - anchor‖²` (Li et al. 2020, arXiv:1812.06127): its gradient is added to
 * the one given, for the parameters that have an anchor.
 *
 * @param anchors Where each parameter is held, by the parameter's own array.
 */
export function withProximalTerm(
  optimizer: Optimizer,
  mu: number,
  anchors: ReadonlyMap<Float64Array, Float64Array>,
): Optimizer {
  return {
    name: optimizer.name,
    settings: optimizer.settings,
    ...(optimizer.rate === undefined ? {} : { rate: (state) => optimizer.rate!(state) }),
    init: (parameters) => optimizer.init(parameters),
    step(parameters, grads, state) {
      const pulled = grads.map((grad, p) => {
        const { data } = parameters[p]!;
        const anchor = anchors.get(data);
        if (anchor === undefined) return grad;
        return Float64Array.from(grad, (value, i) => value + mu * (data[i]! - anchor[i]!));
      });
      optimizer.step(parameters, pulled, state);
    },
  };
}

/** The shared parameters of a model as they are now, by their arrays. */
export function anchorsOf(
  network: BuiltLayer,
  shared: ReadonlySet<Float64Array>,
): ReadonlyMap<Float64Array, Float64Array> {
  const held = network.parameters.filter(({ data }) => shared.has(data));
  return new Map(held.map(({ data }) => [data, data.slice()]));
}
