import { KetworkError, key } from '@ketwork/base';
import {
  adam,
  batches,
  conv2d,
  crossEntropy,
  dense,
  forward,
  loadSafetensors,
  loadState,
  mse,
  saveSafetensors,
  sequential,
  sgd,
  valueAndGrad,
} from '@ketwork/nn';
import { expect, test } from 'vitest';

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(KetworkError);
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'nothing was thrown';
}

test('damaged files are refused with what is wrong and what to do', () => {
  const whole = saveSafetensors({ w: { shape: [2], data: Float64Array.of(1, 2) } });
  const text = (from: string, to: string): Uint8Array =>
    Uint8Array.from(Buffer.from(Buffer.from(whole).toString('latin1').replace(from, to), 'latin1'));
  expect([
    refused(() => loadSafetensors(whole.subarray(0, 5))),
    refused(() => loadSafetensors(whole.subarray(0, 20))),
    refused(() => loadSafetensors(whole.subarray(0, -1))),
    refused(() => loadSafetensors(Uint8Array.of(...whole, 0))),
    refused(() => loadSafetensors(text('F64', 'I64'))),
    refused(() => loadSafetensors(text('"w":{', '"w":['))),
    refused(() => loadSafetensors(text('[2]', '[3]'))),
    refused(() => loadSafetensors('model.safetensors' as never)),
    refused(() => saveSafetensors({ w: { shape: [3], data: Float64Array.of(1, 2) } })),
  ]).toMatchInlineSnapshot(`
    [
      "FormatError: safetensors: the file is damaged or of another format: it has 5 bytes, not even the 8 of the header's length. Check that it is a whole .safetensors file, or save it again",
      "FormatError: safetensors: the file is damaged or of another format: the header claims 56 bytes but the file ends after 20. Check that it is a whole .safetensors file, or save it again",
      "FormatError: safetensors: the file is damaged or of another format: the arrays take 16 bytes but the file holds 15. Check that it is a whole .safetensors file, or save it again",
      "FormatError: safetensors: the file is damaged or of another format: 1 bytes at the end belong to no array. Check that it is a whole .safetensors file, or save it again",
      "UnsupportedError: safetensors: array w is of type I64. Convert it to F64 or F32",
      "FormatError: safetensors: the file is damaged or of another format: the header is not valid JSON. Check that it is a whole .safetensors file, or save it again",
      "FormatError: safetensors: the file is damaged or of another format: array w of type F64 and shape [3] does not fill bytes 0 to 16. Check that it is a whole .safetensors file, or save it again",
      "ValueError: safetensors: the file is not given as a Uint8Array. Give its bytes, such as await readFile(path) returns",
      "ValueError: array w has 2 elements, its shape [3] needs 3",
    ]
  `);
});

test('shapes, targets, rates and seeds that do not fit are refused', () => {
  const net = sequential(dense(2, 3));
  net.build(1);
  expect([
    refused(() => forward(net, [1, 2, 3])),
    refused(() => forward(net, [])),
    refused(() => valueAndGrad(net, crossEntropy)({ x: [1, 2], y: [3] })),
    refused(() => valueAndGrad(net, mse)({ x: [1, 2], y: [1] })),
    refused(() => valueAndGrad(net, mse)({ x: [1, 2], y: [1, 2, Infinity] })),
    refused(() => loadState(net, {})),
    refused(() => adam(-1)),
    refused(() => sgd(Number.NaN)),
    refused(() => sequential(dense(2, 3), dense(4, 1)).build(1)),
    refused(() => sequential(dense(2, 3)).build(-1)),
    refused(() => conv2d(8, 3, undefined as never)),
    refused(() => adam('0.1' as never)),
    refused(() => [...batches(10, 0, key(1))]),
    refused(() => [...batches(10, 3, 7 as never)]),
  ]).toMatchInlineSnapshot(`
    [
      "ValueError: 3 numbers are not one or more examples of shape [2] (2 numbers each). Give inputs as a row-major array [batch, ...inputShape]",
      "ValueError: 0 numbers are not one or more examples of shape [2] (2 numbers each). Give inputs as a row-major array [batch, ...inputShape]",
      "ValueError: crossEntropy: label 0 is 3, not an integer from 0 to 2",
      "ValueError: mse: 1 targets do not fit outputs of shape [1, 3]. Give 3 targets, as many as the model has outputs",
      "ValueError: mse: target 2 is Infinity, not a finite number",
      "ValueError: there is no value for parameter 0.weight. Load into a model of the same layers",
      "ValueError: adam: the learning rate is -1, not a finite number of at least 0",
      "ValueError: sgd: the learning rate is NaN, not a finite number of at least 0",
      "ValueError: layer 1: dense: inputs of shape [3] do not fit, it takes vectors of 4. Shapes do not include the batch",
      "ValueError: seed -1 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
      "ValueError: conv2d: the size of the kernel is missing. Give it last: conv2d(channels, filters, kernel) or conv2d(filters, { kernel })",
      "ValueError: adam: the learning rate is a string, not a finite number of at least 0",
      "ValueError: the batch size is 0, not a positive integer",
      "ValueError: a random key is a pair of unsigned 32-bit integers. Make one with key(seed), split or fold",
    ]
  `);
});
