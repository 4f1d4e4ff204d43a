import { KetworkError } from '@ketwork/base';
import { Z, circuit, expval, input, weight } from '@ketwork/circuit';
import { quantum } from '@ketwork/layers';
import {
  batchNorm,
  dense,
  external,
  loadSafetensors,
  saveSafetensors,
  sequential,
  stateOf,
  tanh,
} from '@ketwork/nn';
import type { DifferentiableMap, Model } from '@ketwork/nn';
import {
  fit,
  loadModel,
  modelFromBytes,
  modelFromJSON,
  modelToBytes,
  predict,
  saveModel,
} from '@ketwork/training';
import { crossEntropy, sgd } from '@ketwork/nn';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ansatz = circuit(2, (q) => {
  q.angleEmbedding(input('x', [2]));
  q.stronglyEntanglingLayers(weight('w', [1, 2, 3]));
});
const hybrid = (): Model =>
  sequential(dense(3, 2), batchNorm(), quantum(ansatz, expval(Z(0), Z(1))), dense(2, 2));
const inputs = [0.1, 0.2, -0.3, 1, -1, 0.5];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ketwork-model-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function refused(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(KetworkError);
    return `${(error as Error).name}: ${(error as Error).message.replaceAll(folder, '')}`;
  }
  return 'nothing was thrown';
}

describe('a model in a file', () => {
  test('comes back with its layers, parameters, buffers and outputs', async () => {
    const model = hybrid();
    const data = { inputs, labels: [0, 1] };
    await fit(model, data, { loss: crossEntropy, optimizer: sgd(0.1), epochs: 2, seed: 5 });
    const path = join(folder, 'deep', 'model.safetensors');
    await saveModel(path, model, { accuracy: '0.9' });
    const copy = await loadModel(path);
    expect(copy.toJSON()).toEqual(model.toJSON());
    expect(stateOf(copy)).toEqual(stateOf(model));
    expect(stateOf(copy)['1.runningMean']!.data).not.toEqual(new Float64Array(2));
    expect(await predict(copy, inputs)).toEqual(await predict(model, inputs));
    expect(modelToBytes(copy, { accuracy: '0.9' })).toEqual(new Uint8Array(readFileSync(path)));
    expect(readdirSync(join(folder, 'deep'))).toEqual(['model.safetensors']);
  });

  test('is a safetensors file whose metadata says what it is', () => {
    const model = sequential(dense(2), tanh());
    model.build([4, 3], 1);
    const { tensors, metadata } = loadSafetensors(modelToBytes(model, { note: 'mine' }));
    expect(tensors).toEqual(stateOf(model));
    expect(metadata).toEqual({
      format: 'ketwork.model/1',
      model: JSON.stringify(model),
      inputShape: '[4,3]',
      note: 'mine',
    });
    expect(modelFromBytes(modelToBytes(model)).network!.inputShape).toEqual([4, 3]);
  });

  test('is loaded into a model with layers that have no rule, or by a rule', async () => {
    const double: DifferentiableMap = {
      name: 'double',
      inputs: [{ axis: 'batch', shape: [2] }],
      outputShape: [2],
      forward: ([x]) => x!.map((v) => 2 * v),
      vjp: (_inputs, dy) => [dy.map((v) => 2 * v)],
    };
    const own = (): Model => sequential(dense(3, 2), external(double));
    const model = own();
    model.build(4);
    const bytes = modelToBytes(model);
    const into = own();
    expect(modelFromBytes(bytes, { into })).toBe(into);
    expect(stateOf(into)).toEqual(stateOf(model));
    const kinds = { external: () => external(double) };
    expect(stateOf(modelFromBytes(bytes, { kinds }))).toEqual(stateOf(model));
    expect(await refused(() => modelFromBytes(bytes))).toMatch(
      /^UnsupportedError: sequential, layer 1: no rule makes layers of kind 'external'/,
    );
  });

  test('is refused where it is another file, damaged, or of another model', async () => {
    const model = sequential(dense(2, 2), tanh());
    model.build(1);
    const state = stateOf(model);
    const { metadata } = loadSafetensors(modelToBytes(model));
    const path = join(folder, 'some');
    writeFileSync(path, modelToBytes(model).subarray(0, -3));
    const checkpoint = { path: join(folder, 'checkpoint') };
    const fitting = { loss: crossEntropy, optimizer: sgd(0.1), epochs: 1, seed: 5, checkpoint };
    await fit(sequential(dense(3, 2)), { inputs, labels: [0, 1] }, fitting);
    const { '0.bias': bias, ...lacking } = state;
    expect([
      await refused(() => loadModel(join(folder, 'none'))),
      await refused(() => loadModel(path)),
      await refused(() => loadModel(checkpoint.path)),
      await refused(() => modelFromBytes(saveSafetensors(state))),
      await refused(() => modelFromBytes(saveSafetensors(lacking, metadata))),
      await refused(() => modelFromBytes(saveSafetensors({ ...state, more: bias! }, metadata))),
      await refused(() =>
        modelFromBytes(saveSafetensors(state, { ...metadata, inputShape: '[0]' })),
      ),
      await refused(() => modelFromBytes(saveSafetensors(state, { ...metadata, model: '{' }))),
      await refused(() =>
        modelFromBytes(modelToBytes(model), { into: sequential(dense(2, 3), tanh()) }),
      ),
      await refused(() => modelFromBytes(modelToBytes(model), { into: sequential(dense(2, 2)) })),
      await refused(() => modelToBytes(sequential(dense(2, 2)))),
      await refused(() => modelToBytes(model, { format: 'x' })),
      await refused(() => saveModel(join(path, 'below'), model)),
      await refused(() => modelFromJSON({ kind: 'tanh' })),
    ]).toMatchInlineSnapshot(`
      [
        "EnvironmentError: cannot read the model /none: there is no such file",
        "FormatError: /some: safetensors: the file is damaged or of another format: the arrays take 48 bytes but the file holds 45. Check that it is a whole .safetensors file, or save it again",
        "FormatError: /checkpoint: the file is not a model of this version (its format is ketwork.checkpoint/1, not ketwork.model/1). It is a checkpoint: give it to fit, { checkpoint: { path, resume: true } }",
        "FormatError: the file is not a model of this version (its format is not named, not ketwork.model/1). Save models with saveModel; arrays of other files are read by loadSafetensors",
        "FormatError: the arrays of the file do not fit its model: there is no value for parameter 0.bias. Load into a model of the same layers",
        "FormatError: the arrays of the file do not fit its model: the model has no parameter more. Load into a model of the same layers",
        "FormatError: the file does not name the input shape of its model",
        "FormatError: the text is not JSON. Check that it is complete",
        "ValueError: the file holds another model: layer 0 is {"kind":"dense","inputs":2,"outputs":2,"bias":true,"init":{"name":"glorotUniform"}} there, {"kind":"dense","inputs":2,"outputs":3,"bias":true,"init":{"name":"glorotUniform"}} here. Load without into, or into a model of the same layers",
        "ValueError: the file holds another model: layer 1 is {"kind":"tanh"} there, nothing here. Load without into, or into a model of the same layers",
        "ValueError: the model has no parameters yet. Call model.build(inputShape, seed), or train it first",
        "ValueError: the note 'format' has a name that the format uses itself",
        "EnvironmentError: cannot write the model /some/below: EEXIST: file already exists, mkdir '/some'. Check that the folder may be written to and the disk is not full",
        "FormatError: a layer of kind tanh is not a model. Use layerFromJSON of @ketwork/nn for single layers",
      ]
    `);
  });
});
