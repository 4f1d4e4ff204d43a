import { serve } from '@ketwork/base';
import { loadState } from '@ketwork/nn';
import type { LayerKinds, Loss } from '@ketwork/nn';
import { modelFromJSON } from '@ketwork/training';
import { modelWeights } from '../../local/layout.ts';
import { trainRound } from '../../local/round.ts';
import type { LocalModel } from '../../local/round.ts';
import type { Request, Response, WorkerData } from './protocol.ts';

/* Entry of a worker that trains rounds of participants; see open.ts for the other side. */

let ready: Promise<LocalModel> | undefined;

async function prepare(data: WorkerData): Promise<LocalModel> {
  const more = (data.module === undefined ? {} : await import(/* @vite-ignore */ data.module)) as {
    readonly kinds?: LayerKinds;
    readonly losses?: readonly Loss[];
  };
  const model = modelFromJSON(data.model, more.kinds);
  const network = model.build(data.inputShape, 0);
  loadState(network, data.state);
  const weights = modelWeights('simulate', network, data.personal);
  return { model, network, weights, losses: more.losses ?? [], engine: undefined };
}

serve<Request, Response>(async ({ data, task, weights, state }, context) => {
  ready ??= prepare(context.data as WorkerData);
  const trained = await trainRound(await ready, data, task, weights, state);
  context.transfer(trained.update.weights.buffer as ArrayBuffer);
  return trained;
});
