import { ValueError, serve } from '@ketwork/base';
import { loadState } from '@ketwork/nn';
import type { BuiltLayer, LayerKinds, Loss, ValueAndGrad } from '@ketwork/nn';
import { bindEngine } from '../engine.ts';
import { partOf, pieceGradient } from '../gradient.ts';
import { modelFromJSON } from '../model-json.ts';
import { lossNamed } from './losses.ts';
import type { Request, Response, WorkerData } from './protocol.ts';

/* Entry of a worker that computes gradients of pieces of a batch; see open.ts for the other side. */

interface Ready {
  readonly network: BuiltLayer;
  readonly loss: Loss;
}

let ready: Promise<Ready> | undefined;

async function prepare(data: WorkerData): Promise<Ready> {
  const more = (data.module === undefined ? {} : await import(/* @vite-ignore */ data.module)) as {
    readonly kinds?: LayerKinds;
    readonly losses?: readonly Loss[];
  };
  const loss = lossNamed(data.loss, more.losses ?? []);
  if (loss === undefined) {
    throw new ValueError(`the workers do not know the loss '${data.loss}'`, {
      remedy: 'Add it to the array losses that their module exports',
    });
  }
  const network = modelFromJSON(data.model, more.kinds).build(data.inputShape, 0);
  loadState(network, data.state);
  await bindEngine(network, undefined);
  return { network, loss };
}

/** The result with arrays that may be moved to another thread. */
function movable(
  result: ValueAndGrad,
  transfer: (...buffers: ArrayBuffer[]) => void,
): ValueAndGrad {
  const own = (array: Float64Array): Float64Array => {
    const copy = array.slice();
    transfer(copy.buffer);
    return copy;
  };
  return { loss: result.loss, outputs: own(result.outputs), grads: result.grads.map(own) };
}

serve<Request, Response>(async ({ parameters, batch, first, pieces, key }, context) => {
  ready ??= prepare(context.data as WorkerData);
  const { network, loss } = await ready;
  network.parameters.forEach(({ data }, i) => data.set(parameters[i]!));
  const results: ValueAndGrad[] = [];
  for (const piece of pieces) {
    const part = partOf(batch, piece);
    const result = await pieceGradient(network, loss, part, key, first + piece.first);
    results.push(movable(result, context.transfer));
  }
  return results;
});
