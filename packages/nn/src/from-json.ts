import { FormatError, KetworkError, UnsupportedError, hint } from '@ketwork/base';
import type { Json, Layer } from './contract.ts';
import { kinds as ownKinds } from './kinds.ts';
import type { LayerKinds } from './kinds.ts';

/** Layers inside layers inside layers …: more than anyone builds, few enough for the stack. */
const MAX_NESTING = 64;

/**
 * A layer made again from its JSON: from the text, from what `JSON.parse` made of it, or from what `toJSON` or
 * `structuredClone` returned. Built with the same seed it has the same parameters; trained ones are a matter of
 * `stateOf` and `loadState`, or of `saveModel` and `loadModel` in `@ketwork/training`.
 *
 * @param json A layer's JSON. It need not be trusted. Settings that are left out have their defaults.
 * @param kinds Layers beyond those of this package, by kind: `quantumKinds` of `@ketwork/layers`, or rules for layers of
 * your own.
 * @throws FormatError where it is no layer, or a setting is unknown, missing or of the wrong type; UnsupportedError for a
 * kind without a rule; what the layer's function throws.
 * @example
 * ```ts
 * import { dense, layerFromJSON, sequential, tanh } from '@ketwork/nn';
 * const text = JSON.stringify(sequential(dense(2, 8), tanh(), dense(1)));
 * const copy = layerFromJSON(text);
 * console.log(JSON.stringify(copy) === text); // true
 * ```
 */
export function layerFromJSON(json: unknown, kinds: LayerKinds = {}): Layer {
  return make(typeof json === 'string' ? parsed(json) : json, { ...ownKinds, ...kinds }, '', 0);
}

function make(json: unknown, kinds: LayerKinds, path: string, depth: number): Layer {
  if (!isRecord(json) || typeof json['kind'] !== 'string') {
    throw new FormatError(`${path}a layer is not an object with a kind`, {
      remedy: 'Give what toJSON() of a layer returned',
    });
  }
  const { kind } = json;
  if (depth > MAX_NESTING)
    throw new FormatError(`${path}layers are nested more than ${MAX_NESTING} deep`);
  if (!Object.hasOwn(kinds, kind)) {
    const near = hint(kind, Object.keys(kinds));
    throw new UnsupportedError(`${path}no rule makes layers of kind '${kind}'${near} again`, {
      remedy: `Give one, { ${kind}: (settings) => … }; those for quantum layers are quantumKinds of @ketwork/layers`,
    });
  }
  let inner = 0;
  const layer = made(kind, path, () =>
    kinds[kind]!(json, (child: Json) =>
      make(child, kinds, `${path}${kind}, layer ${inner++}: `, depth + 1),
    ),
  );
  const own = layer.toJSON();
  for (const name of Object.keys(json)) {
    if (isRecord(own) && Object.hasOwn(own, name)) continue;
    throw new FormatError(`${path}${kind} has no setting '${name}'`, {
      remedy: 'Remove it, or read the layer with the version that wrote it',
    });
  }
  return layer;
}

/** Calls a rule. What it does not check itself makes it stumble over the wrong type, which is the data's fault. */
function made(kind: string, path: string, rule: () => Layer): Layer {
  try {
    return rule();
  } catch (cause) {
    if (cause instanceof KetworkError) throw cause;
    throw new FormatError(`${path}a setting of ${kind} is missing or of the wrong type`, {
      remedy: 'Give what toJSON() of a layer returned',
      cause,
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError('the text is not JSON', { cause, remedy: 'Check that it is complete' });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
