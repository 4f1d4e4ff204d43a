import { ValueError, serve } from '@ketwork/base';
import { loadState, lossValues } from '@ketwork/nn';
import type { BuiltLayer, LayerKinds, Loss, ValueAndGrad } from '@ketwork/nn';
import { bindEngine } from '../engine.ts';
import { joined, partOf, pieceGradient } from '../gradient.ts';
import type { PieceGradient } from '../gradient.ts';
import { modelFromJSON } from '../model-json.ts';
import { contributionsOf } from '../privacy/contributions.ts';
import type { Contribute } from '../privacy/contributions.ts';
import { attackNamed } from '../robustness/attacks.ts';
import { crafter } from '../robustness/examples.ts';
import type { Craft } from '../robustness/examples.ts';
import { lossNamed } from './losses.ts';
import type { ContributionRequest, CraftRequest, GradientRequest } from './protocol.ts';
import type { Request, Response, WorkerData } from './protocol.ts';

/* Entry of a worker that computes gradients of pieces of a batch; see open.ts for the other side. */

interface Ready {
  readonly network: BuiltLayer;
  readonly loss: Loss;
  readonly gradient: PieceGradient;
  readonly contribute: Contribute | undefined;
  readonly craft: Craft | undefined;
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
  const { contributions: plan, attack } = data;
  return {
    network,
    loss,
    gradient: pieceGradient(network, loss),
    contribute: plan && contributionsOf(network, loss, plan),
    craft: attack && crafter(network, loss, attackNamed(attack), false),
  };
}

type Transfer = (...buffers: ArrayBuffer[]) => void;

/** A copy that moves to another thread. */
function moved(array: Float64Array, transfer: Transfer): Float64Array {
  const copy = array.slice();
  transfer(copy.buffer);
  return copy;
}

async function gradients(
  { gradient }: Ready,
  { batch, first, pieces, key }: GradientRequest,
  transfer: Transfer,
): Promise<Response> {
  const results: ValueAndGrad[] = [];
  for (const piece of pieces) {
    const part = partOf(batch, piece);
    const result = await gradient(part, key, first + piece.first);
    results.push({
      loss: result.loss,
      outputs: moved(result.outputs, transfer),
      grads: result.grads.map((grad) => moved(grad, transfer)),
    });
  }
  return results;
}

async function contributions(
  { contribute }: Ready,
  { batch, first, key, norm }: ContributionRequest,
  transfer: Transfer,
): Promise<Response> {
  const sums: (readonly Float64Array[])[] = [];
  const rest = await contribute!({ batch, first, key, norm }, (sum) =>
    sums.push(sum.map((one) => moved(one, transfer))),
  );
  return { ...rest, sums };
}

async function perturbed(
  { craft }: Ready,
  { batch, first, pieces, key }: CraftRequest,
): Promise<Response> {
  const inputs: Float64Array[] = [];
  for (const piece of pieces)
    inputs.push(await craft!(partOf(batch, piece), key, first + piece.first));
  return joined(inputs);
}

serve<Request, Response>(async (request, context) => {
  ready ??= prepare(context.data as WorkerData);
  const model = await ready;
  const { network, loss } = model;
  network.parameters.forEach(({ data }, i) => data.set(request.parameters[i]!));
  if (request.type === 'gradients') return gradients(model, request, context.transfer);
  if (request.type === 'contributions') return contributions(model, request, context.transfer);
  if (request.type === 'craft') return perturbed(model, request);
  return lossValues(network, loss)(request.batch);
});
