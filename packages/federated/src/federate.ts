import { UnsupportedError, ValueError } from '@ketwork/base';
import { couplingLayer, lossNamed } from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { evaluate, saveModel } from '@ketwork/training';
import { gather, modelWeights, scatter } from './local/layout.ts';
import { nodeModule } from './node.ts';
import { checkGiven } from './rounds/plan.ts';
import { openCoordinator } from './server/coordinator.ts';
import type { FederateOptions, Federation } from './server/options.ts';

/** Name of the model's file in the journal. */
const MODEL = 'model.safetensors';

/**
 * Opens the coordinator of a federation: a server that participants {@link join}, which asks them to train and makes a model
 * of their weights. Node only. The same rounds as {@link simulate}, bit for bit, where the same participants answer.
 *
 * Nobody learns anything without a token or a certificate. Every request is checked by address, sender, rate, length and
 * type before its body is read; updates that are malformed, not finite, too far from the weights, of another round or sent
 * again do not count. With `journal` a coordinator that was killed goes on where it was when it is started again.
 *
 * @param model The model, built from the seed where it is not. It has the weights of the last finished round.
 * @returns The coordinator, which listens and has begun, see {@link Federation}.
 * @throws (as a rejection) ValueError where options do not fit, or the journal belongs to another federation;
 * UnsupportedError where options exclude each other or the loss is not one of Ketwork's; EnvironmentError outside Node, or
 * where the port or the journal cannot be used.
 * @example
 * ```ts
 * import { fedAvg, federate, join, newToken } from '@ketwork/federated';
 * import { crossEntropy, dense, sequential, sgd } from '@ketwork/nn';
 * const net = () => sequential(dense(2, 2));
 * const tokens = { north: newToken(), south: newToken() };
 * const local = { loss: crossEntropy, optimizer: sgd(0.5), epochs: 2 };
 * const server = await federate(net(), { rounds: 3, local, strategy: fedAvg(), seed: 1, tokens });
 * const parts = [
 *   join(server.url, net(), { inputs: [0, 1, 1, 0], labels: [0, 1] }, { token: tokens.north }),
 *   join(server.url, net(), { inputs: [0, 2, 2, 0], labels: [0, 1] }, { token: tokens.south }),
 * ].map((part) => part.then(({ reason }) => reason));
 * for await (const { round, participants } of server) console.log(round, participants); // 1 [ 'north', 'south' ] …
 * console.log(await Promise.all(parts)); // [ 'completed', 'completed' ]
 * ```
 */
export async function federate(model: Model, options: FederateOptions): Promise<Federation> {
  checkGiven('federate', options);
  const { seed, local, personal, evaluation, metrics, engine } = options;
  const { join } = nodeModule('node:path', 'federate');
  if (lossNamed(local.loss.name) !== local.loss)
    throw new UnsupportedError(`federate: participants do not know the loss '${local.loss.name}'`, {
      remedy: 'Use one of Ketwork, such as crossEntropy: only its name travels',
    });
  const shape = model.network?.inputShape ?? model.inputShape ?? evaluation?.inputShape;
  if (shape === undefined)
    throw new ValueError('federate: the input shape of the model is not known', {
      remedy: 'Build the model first, or name it in the first layer, such as dense(784, 4)',
    });
  const network = model.network ?? model.build(shape, seed);
  const { layout, shared } = modelWeights('federate', network, personal);
  return openCoordinator(
    {
      start: {
        layout,
        weights: gather(shared),
        coupling: network.couplesExamples ? couplingLayer(network) : undefined,
      },
      adopt: (weights) => scatter(shared, weights),
      evaluate: async () =>
        evaluation &&
        evaluate(model, evaluation, {
          loss: local.loss,
          ...(metrics === undefined ? {} : { metrics }),
          ...(engine === undefined ? {} : { engine }),
        }),
      keep: (folder) => saveModel(join(folder, MODEL), model),
    },
    options,
  );
}
