import { hint } from '@ketwork/base';
import { UsageError } from '../usage.ts';

interface Command {
  readonly work: (args: readonly string[]) => Promise<string>;
  readonly help: string;
}

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => {
    const { serve, serveHelp } = await import('./serve.ts');
    return { work: serve, help: serveHelp };
  },
  join: async () => {
    const { joinFederation, joinHelp } = await import('./join.ts');
    return { work: joinFederation, help: joinHelp };
  },
  simulate: async () => {
    const { simulateFederation, simulateHelp } = await import('./simulate.ts');
    return { work: simulateFederation, help: simulateHelp };
  },
  token: async () => {
    const { tokens, tokenHelp } = await import('./token.ts');
    return { work: tokens, help: tokenHelp };
  },
  identity: async () => {
    const { identity, identityHelp } = await import('./identity.ts');
    return { work: identity, help: identityHelp };
  },
};

/** Help of `ketwork federated`. */
export const federatedHelp: string = `Usage: ketwork federated <command> <arguments>

Commands:
  serve     coordinate a federation over HTTP or HTTPS
  join      take part in one, with data that stay here
  simulate  run one in this process
  token     make tokens for participants
  identity  make a key pair with which a participant signs in secure sums

A federation is a file of JSON:
  {
    "model": "model.json",
    "rounds": 20,
    "seed": 1,
    "local": {
      "loss": "crossEntropy",
      "optimizer": { "name": "adam", "learningRate": 0.02 },
      "epochs": 1,
      "batchSize": 32
    },
    "strategy": { "name": "fedProx", "mu": 0.1 },
    "evaluation": "test.csv"
  }
The model is what JSON.stringify(model) gives, in a file or in place. clients, personal, privacy, secureAggregation, maxNorm,
maxExamples, minimum and attempts are the options of federate and simulate. Data are CSV files, numbers with the class last,
or {"inputs": "images.idx", "labels": "labels.idx", "scale": 0.00392}. Names of files are seen from the configuration's folder.

Options:
  --help   show this text; after a command, its own
`;

/** Does what `ketwork federated` is asked for. @returns what to print. */
export async function federated([name, ...args]: readonly string[]): Promise<string> {
  if (name === undefined) throw new UsageError('no command is given');
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    throw new UsageError(`unknown command '${name}'${hint(name, Object.keys(commands))}`);
  }
  const { work, help } = await load();
  return args.includes('--help') || args.includes('-h') ? help : work(args);
}
