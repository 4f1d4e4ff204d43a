import { FormatError, ValueError } from '@ketwork/base';
import { loadSafetensors, loadState, networkOf, saveSafetensors, stateOf } from '@ketwork/nn';
import type { LayerKinds, Model, Shape } from '@ketwork/nn';
import { readBytes, writeAtomically } from './files.ts';
import { modelFromJSON } from './model-json.ts';

const FORMAT = 'ketwork.model/1';

/** Options of {@link loadModel} and {@link modelFromBytes}. */
export interface LoadModelOptions {
  /** Rules to make layers of your own, by kind. */
  readonly kinds?: LayerKinds;
  /** A model to load into, which must have the layers of the file; for layers that have no rule. Default: a new model. */
  readonly into?: Model;
}

/**
 * A model as the bytes of a safetensors file: parameters and buffers under the names of `stateOf`, F64; the layers as JSON
 * text under `model` in the file's metadata, the input shape under `inputShape`. Other readers of safetensors get the
 * arrays by name.
 *
 * @param notes Further metadata, text by name, such as the accuracy reached.
 * @throws ValueError where the model is not built, or a note has a name that the format uses.
 * @example
 * ```ts
 * import { dense, sequential } from '@ketwork/nn';
 * import { modelFromBytes, modelToBytes } from '@ketwork/training';
 * const model = sequential(dense(2, 1));
 * model.build(1);
 * const copy = modelFromBytes(modelToBytes(model));
 * console.log(copy.network?.parameters.length); // 2
 * ```
 */
export function modelToBytes(
  model: Model,
  notes: Readonly<Record<string, string>> = {},
): Uint8Array {
  const metadata = {
    format: FORMAT,
    model: JSON.stringify(model),
    inputShape: JSON.stringify(networkOf(model).inputShape),
  };
  const taken = Object.keys(notes).find((name) => Object.hasOwn(metadata, name));
  if (taken !== undefined)
    throw new ValueError(`the note '${taken}' has a name that the format uses itself`);
  return saveSafetensors(stateOf(model), { ...notes, ...metadata });
}

/**
 * The model in the bytes of a safetensors file, built, with its parameters: what `modelToBytes` or {@link saveModel} wrote.
 *
 * @throws FormatError where the bytes are damaged or no model, or an array is missing; ValueError where `into` has other
 * layers; UnsupportedError for a kind of layer without a rule.
 * @example
 * ```ts
 * import { dense, sequential } from '@ketwork/nn';
 * import { modelFromBytes, modelToBytes, predict } from '@ketwork/training';
 * const model = sequential(dense(2, 1));
 * model.build(1);
 * const copy = modelFromBytes(modelToBytes(model));
 * console.log((await predict(copy, [0, 0]))[0]); // 0
 * ```
 */
export function modelFromBytes(bytes: Uint8Array, options: LoadModelOptions = {}): Model {
  const { tensors, metadata } = loadSafetensors(bytes);
  const { format, model: text } = metadata;
  if (format !== FORMAT || text === undefined) {
    throw new FormatError(
      `the file is not a model of this version (its format is ${format ?? 'not named'}, not ${FORMAT})`,
      {
        remedy: format?.startsWith('ketwork.checkpoint')
          ? 'It is a checkpoint: give it to fit, { checkpoint: { path, resume: true } }'
          : 'Save models with saveModel; arrays of other files are read by loadSafetensors',
      },
    );
  }
  const inputShape = shapeFrom(metadata['inputShape']);
  const { into } = options;
  if (into !== undefined) checkSame(into, text);
  const model = into ?? modelFromJSON(text, options.kinds);
  const network = into?.network ?? model.build(inputShape, 0);
  try {
    loadState(network, tensors);
  } catch (cause) {
    if (!(cause instanceof ValueError)) throw cause;
    throw new FormatError(`the arrays of the file do not fit its model: ${cause.message}`, {
      cause,
    });
  }
  return model;
}

/**
 * Writes a model to a safetensors file, see {@link modelToBytes}: whole or not at all. Node only; elsewhere store the bytes.
 *
 * @param notes Further metadata, text by name.
 * @throws (as a rejection) EnvironmentError where the file cannot be written; what `modelToBytes` throws.
 * @example
 * ```ts
 * import { dense, sequential } from '@ketwork/nn';
 * import { loadModel, saveModel } from '@ketwork/training';
 * import { mkdtemp, rm } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * const folder = await mkdtemp(join(tmpdir(), 'models-'));
 * const model = sequential(dense(2, 1));
 * model.build(1);
 * await saveModel(join(folder, 'model.safetensors'), model);
 * console.log((await loadModel(join(folder, 'model.safetensors'))).layers.length); // 1
 * await rm(folder, { recursive: true });
 * ```
 */
export async function saveModel(
  path: string,
  model: Model,
  notes: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeAtomically(path, modelToBytes(model, notes), 'the model');
}

/**
 * Reads a model from a file that {@link saveModel} wrote. Node only; elsewhere see {@link modelFromBytes}.
 *
 * @throws (as a rejection) EnvironmentError where the file cannot be read; what `modelFromBytes` throws.
 * @example
 * ```ts
 * import { loadModel, predict } from '@ketwork/training';
 * export async function answer(path: string, inputs: number[]): Promise<Float64Array> {
 *   return predict(await loadModel(path), inputs);
 * }
 * ```
 */
export async function loadModel(path: string, options: LoadModelOptions = {}): Promise<Model> {
  const bytes = await readBytes(path, 'the model');
  try {
    return modelFromBytes(bytes, options);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FormatError(`${path}: ${cause.message}`, { cause });
  }
}

function shapeFrom(text: string | undefined): Shape {
  try {
    const shape: unknown = JSON.parse(text ?? '');
    if (Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size > 0))
      return shape as number[];
  } catch {
    // Refused below.
  }
  throw new FormatError('the file does not name the input shape of its model');
}

/** Refuses to load into a model of other layers, and names the first one that differs. */
function checkSame(model: Model, text: string): void {
  const mine = JSON.stringify(model);
  if (mine === text) return;
  const layersOf = (json: string): unknown[] => {
    const { layers } = JSON.parse(json) as { layers?: unknown };
    return Array.isArray(layers) ? (layers as unknown[]) : [];
  };
  const [here, there] = [layersOf(mine), layersOf(text)];
  const at = here.findIndex((layer, i) => JSON.stringify(layer) !== JSON.stringify(there[i]));
  const place = at < 0 ? here.length : at;
  const shown = (layer: unknown): string => {
    const json = JSON.stringify(layer) ?? 'nothing';
    return json.length > 120 ? `${json.slice(0, 120)}…` : json;
  };
  throw new ValueError(
    `the file holds another model: layer ${place} is ${shown(there[place])} there, ${shown(here[place])} here`,
    { remedy: 'Load without into, or into a model of the same layers' },
  );
}
