import { FormatError } from '@ketwork/base';
import { quantumKinds } from '@ketwork/layers';
import { layerFromJSON } from '@ketwork/nn';
import type { Layer, LayerKinds, Model } from '@ketwork/nn';

/**
 * A model made again from its JSON, with all layers of Ketwork: from the text, or from what `JSON.parse`, `toJSON` or
 * `structuredClone` returned. It has the same layers and, built with the same seed, the same first parameters;
 * `saveModel` and `loadModel` keep trained ones.
 *
 * @param json A model's JSON. It need not be trusted.
 * @param kinds Rules for layers of your own, by kind.
 * @throws FormatError where it is no model, or a setting is unknown, missing or of the wrong type; UnsupportedError for a
 * kind of layer without a rule.
 * @example
 * ```ts
 * import { dense, sequential, tanh } from '@ketwork/nn';
 * import { modelFromJSON } from '@ketwork/training';
 * const text = JSON.stringify(sequential(dense(2, 8), tanh(), dense(1)));
 * console.log(modelFromJSON(text).layers.length); // 3
 * ```
 */
export function modelFromJSON(json: unknown, kinds: LayerKinds = {}): Model {
  const layer = layerFromJSON(json, { ...quantumKinds, ...kinds });
  if (!isModel(layer)) {
    throw new FormatError(`a layer of kind ${layer.kind} is not a model`, {
      remedy: 'Use layerFromJSON of @ketwork/nn for single layers',
    });
  }
  return layer;
}

function isModel(layer: Layer): layer is Model {
  return layer.kind === 'sequential' && 'network' in layer;
}
