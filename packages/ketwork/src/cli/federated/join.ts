import { EnvironmentError, FormatError } from '@ketwork/base';
import { fileStateStore, join } from '@ketwork/federated';
import type { JoinOptions, ParticipantRound, SecureParticipation } from '@ketwork/federated';
import { saveModel } from '@ketwork/training';
import { resolve } from 'node:path';
import { readArguments } from '../arguments.ts';
import type { OptionTable } from '../arguments.ts';
import { readText } from '../files.ts';
import { UsageError } from '../usage.ts';
import { readConfiguration } from './config.ts';
import { readData } from './data.ts';
import { readIdentities, readIdentity } from './identity.ts';
import { untilInterrupted } from './interrupt.ts';
import { Progress } from './progress.ts';

const options: OptionTable = {
  data: { type: 'string' },
  token: { type: 'string' },
  ca: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  'give-up-after': { type: 'string' },
  state: { type: 'string' },
  identity: { type: 'string' },
  identities: { type: 'string' },
  'allow-insecure': { type: 'boolean' },
  out: { type: 'string' },
};

/** Help of `ketwork federated join`. */
export const joinHelp: string = `Usage: ketwork federated join <url> <configuration> [options]

Takes part in a federation with data that stay here, until the coordinator says that it is over, and prints what came of it
as JSON. Progress goes to the standard error. Ctrl-C leaves.

The configuration needs "model" and, where the coordinator's has it, "personal"; that of the coordinator will do. With
"join": {"privacyLimit": {"epsilon": 3, "delta": 1e-5}} it gives nothing that would tell more: with --state in all starts
together, without counted anew in each. "join" may also hold "state", "identity", "identities" and "allowInsecure", and
"least" and "threshold", the fewest updates in a secure sum that it helps to open, and the share of participants that must
agree to. With any of these or an identity it gives secure sums only.
The token comes from a file or from the environment variable KETWORK_TOKEN, not from the command line, where others see it.

Options:
  --data FILE        CSV with an example per line, its class last; default "data" of the configuration
  --token FILE       file with the token
  --state FILE       keeps personal parameters and the account of privacy spent, before anything is sent; the next start
                     goes on with it. One participant at a time has it; what is damaged or another's is refused
  --identity FILE    own key pair, see ketwork federated identity, and
  --identities FILE  JSON with the public key of each participant, not from the coordinator
  --allow-insecure   send the token over http: to another machine, though it can be read on the way
  --ca FILE          certificate of the authority that signed the coordinator's
  --cert FILE        own certificate, and
  --key FILE         its private key, in place of a token
  --give-up-after N  seconds without an answer after which the coordinator counts as lost; default 600
  --out FILE         write the model (*.safetensors) at the end
  --debug            show where an error was thrown
  --help             show this text
`;

/** Takes part in a federation. @returns the JSON to print. */
export async function joinFederation(args: readonly string[]): Promise<string> {
  const given = readArguments(args, options);
  const [url, file, ...others] = given.files;
  if (url === undefined || file === undefined || others.length > 0) {
    throw new UsageError('an address and a configuration are wanted');
  }
  const giveUpAfter = given.integer('give-up-after', 1, 2 ** 31 - 1);
  const { model, folder, data: source, personal, join: settings } = await readConfiguration(file);
  const { state: kept, identity, identities, least, threshold, ...more } = settings;
  const fileOf = (option: string, setting: unknown): string | undefined =>
    given.text(option) ?? (setting === undefined ? undefined : fileNamed(option, setting, folder));
  const own = given.text('data');
  if (own === undefined && source === undefined) {
    throw new FormatError('there are no data', { remedy: 'Name them with --data' });
  }
  const data = own === undefined ? await readData(source!, folder) : await readData(own, '.');
  const state = fileOf('state', kept);
  const secureAggregation = await readSecure(
    fileOf('identity', identity),
    fileOf('identities', identities),
    { least, threshold },
  );
  const tls = await readTls(given.text('ca'), given.text('cert'), given.text('key'));
  const token = await readToken(given.text('token'), tls?.cert !== undefined);
  const progress = new Progress();
  const interrupt = untilInterrupted();
  try {
    const run = join(url, model, data, {
      ...(token === undefined ? {} : { token }),
      ...(tls === undefined ? {} : { tls }),
      ...(more as Pick<JoinOptions, 'privacyLimit' | 'allowInsecure'>),
      ...(secureAggregation === undefined ? {} : { secureAggregation }),
      ...(state === undefined ? {} : { store: fileStateStore(state) }),
      ...(personal === undefined ? {} : { personal }),
      ...(giveUpAfter === undefined ? {} : { giveUpAfter }),
      ...(given.on('allow-insecure') ? { allowInsecure: true } : {}),
      signal: interrupt.signal,
    });
    for await (const round of run) progress.step(round.round, round.rounds, described(round));
    progress.end();
    const { reason, history, seconds } = await run;
    const out = given.text('out');
    if (out !== undefined) await saveModel(out, model);
    return `${JSON.stringify({ reason, seconds, ...(out === undefined ? {} : { model: out }), history }, null, 2)}\n`;
  } finally {
    progress.end();
    interrupt.stop();
  }
}

/** Terms for secure sums, where there are any. */
async function readSecure(
  identity: string | undefined,
  identities: string | undefined,
  { least, threshold }: { readonly least: unknown; readonly threshold: unknown },
): Promise<SecureParticipation | undefined> {
  if ([identity, identities, least, threshold].every((given) => given === undefined))
    return undefined;
  return {
    ...(identity === undefined ? {} : { identity: await readIdentity(identity) }),
    ...(identities === undefined ? {} : { identities: await readIdentities(identities) }),
    ...(least === undefined ? {} : { least: least as number }),
    ...(threshold === undefined ? {} : { threshold: threshold as number }),
  };
}

/** A file that the configuration names, seen from its folder. */
function fileNamed(option: string, name: unknown, folder: string): string {
  if (typeof name !== 'string') throw new FormatError(`join.${option} is not a name`);
  return resolve(folder, name);
}

function described({ outcome, reason, loss, examples }: ParticipantRound): string {
  const what = loss === undefined ? `${examples} examples` : `loss ${Number(loss.toPrecision(4))}`;
  return `${what}, ${outcome}${reason === undefined ? '' : `: ${reason}`}`;
}

async function readToken(
  file: string | undefined,
  certified: boolean,
): Promise<string | undefined> {
  if (file !== undefined) return (await readText(file)).trim();
  const token = process.env['KETWORK_TOKEN'];
  if (token !== undefined && token !== '') return token;
  if (certified) return undefined;
  throw new EnvironmentError('there is no token', {
    remedy: 'Name its file with --token, or set KETWORK_TOKEN',
  });
}

async function readTls(
  ca: string | undefined,
  cert: string | undefined,
  key: string | undefined,
): Promise<{ ca?: string; cert?: string; key?: string } | undefined> {
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('--cert and --key belong together');
  }
  if (ca === undefined && cert === undefined) return undefined;
  return {
    ...(ca === undefined ? {} : { ca: await readText(ca) }),
    ...(cert === undefined ? {} : { cert: await readText(cert), key: await readText(key!) }),
  };
}
