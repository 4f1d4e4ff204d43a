import { FormatError } from '@ketwork/base';
import { federate } from '@ketwork/federated';
import type { FederateOptions, Federation } from '@ketwork/federated';
import { saveModel } from '@ketwork/training';
import { resolve } from 'node:path';
import { readArguments } from '../arguments.ts';
import type { Arguments, OptionTable } from '../arguments.ts';
import { readText } from '../files.ts';
import { federationOf, membersOf, oneConfiguration, readConfiguration } from './config.ts';
import type { Configuration } from './config.ts';
import { readIdentities } from './identity.ts';
import { untilInterrupted } from './interrupt.ts';
import { Progress } from './progress.ts';
import { described, report } from './report.ts';

const options: OptionTable = {
  port: { type: 'string' },
  host: { type: 'string' },
  tokens: { type: 'string' },
  journal: { type: 'string' },
  status: { type: 'string' },
  identities: { type: 'string' },
  'allow-insecure': { type: 'boolean' },
  out: { type: 'string' },
};

/** Help of `ketwork federated serve`. */
export const serveHelp: string = `Usage: ketwork federated serve <configuration> [options]

Coordinates a federation over HTTP(S) until its rounds are done, and prints what came of it as JSON. Progress goes to the
standard error. Ctrl-C ends it; with --journal the same command goes on where it was.

Options:
  --port N           port to listen on; default 0, any that is free
  --host ADDRESS     address to listen on; default this machine only, all addresses with TLS
  --allow-insecure   listen to other machines without TLS, though tokens and updates can be read on the way
  --tokens FILE      JSON with the token of each participant by name, see ketwork federated token
  --identities FILE  JSON with the public key of each participant, see ketwork federated identity: they sign in secure sums
  --journal DIR      folder in which the federation is kept, the model after every round with it
  --status FILE      file with the token for the status page; 'open' lets everybody read it; default nobody
  --out FILE         write the model (*.safetensors) at the end
  --debug            show where an error was thrown
  --help             show this text

The configuration's "serve" may hold the same by these names ("allowInsecure": true), and roundTimeout, waitFor, origins,
limits, linger, and tls with the files key, cert and ca and the names of participants with certificates.
`;

/** Coordinates a federation. @returns the JSON to print. */
export async function serve(args: readonly string[]): Promise<string> {
  const given = readArguments(args, options);
  const configuration = await readConfiguration(oneConfiguration(given));
  const federation = federationOf(configuration);
  const server = await serverOptions(configuration, given);
  const progress = new Progress();
  const interrupt = untilInterrupted();
  try {
    const { model } = configuration;
    await using coordinator = await federate(model, {
      ...federation,
      ...server,
      signal: interrupt.signal,
    });
    announce(coordinator, server, progress);
    for await (const record of coordinator) {
      progress.step(record.round, federation.rounds, described(record));
    }
    progress.end();
    const result = await coordinator.result;
    const out = given.text('out');
    if (out !== undefined) await saveModel(out, model);
    return report(result, { run: coordinator.run, ...(out === undefined ? {} : { model: out }) });
  } finally {
    progress.end();
    interrupt.stop();
  }
}

function announce(
  { url, run }: Federation,
  { status, tokens = {} }: FederateOptions,
  progress: Progress,
): void {
  progress.note(`coordinator of run ${run} at ${url}`);
  if (status !== undefined) progress.note(`status page at ${url}/`);
  progress.note(
    `waiting for ${Object.keys(tokens).join(', ') || 'participants with certificates'}`,
  );
}

const SERVE = [
  'port',
  'host',
  'tokens',
  'identities',
  'journal',
  'status',
  'tls',
  'roundTimeout',
  'waitFor',
  'origins',
  'limits',
  'allowInsecure',
  'linger',
];

/** What is on the command line goes before what is in the file. */
async function serverOptions(
  { serve: settings, folder }: Configuration,
  given: Arguments,
): Promise<Omit<FederateOptions, keyof Configuration['options']>> {
  membersOf(settings, 'serve', SERVE);
  const { port, host, tokens, identities, journal, status, tls, ...handedOn } = settings;
  const file = (option: string, setting: unknown): string | undefined => {
    const named = given.text(option);
    if (named !== undefined) return named;
    if (setting === undefined) return undefined;
    if (typeof setting !== 'string') throw new FormatError(`serve.${option} is not a name`);
    return resolve(folder, setting);
  };
  const tokenFile = file('tokens', tokens);
  const identitiesFile = file('identities', identities);
  const journalFolder = file('journal', journal);
  const statusFile = status === 'open' ? 'open' : file('status', status);
  return {
    ...handedOn,
    listen: {
      port: given.integer('port', 0, 65_535) ?? ((port ?? 0) as number),
      ...optional('host', given.text('host') ?? (host as string | undefined)),
    },
    ...optional('allowInsecure', given.on('allow-insecure') ? true : undefined),
    ...optional('tokens', tokenFile === undefined ? undefined : await readTokens(tokenFile)),
    ...optional(
      'identities',
      identitiesFile === undefined ? undefined : await readIdentities(identitiesFile),
    ),
    ...optional('journal', journalFolder),
    ...optional('status', statusFile === undefined ? undefined : await readStatus(statusFile)),
    ...optional('tls', tls === undefined ? undefined : await readTls(tls, folder)),
  } as FederateOptions;
}

const optional = <T>(name: string, value: T | undefined): Readonly<Record<string, T>> =>
  value === undefined ? {} : { [name]: value };

async function readTokens(file: string): Promise<Readonly<Record<string, string>>> {
  const content = await readText(file);
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (cause) {
    // The text of the error would quote the file.
    throw new FormatError(`${file} is not JSON`, {
      remedy: 'Write {"name": "token", …}, as ketwork federated token prints it',
      cause,
    });
  }
  return membersOf(json, file) as Readonly<Record<string, string>>;
}

async function readStatus(file: string): Promise<FederateOptions['status']> {
  return file === 'open' ? 'open' : { token: (await readText(file)).trim() };
}

async function readTls(json: unknown, folder: string): Promise<FederateOptions['tls']> {
  const { key, cert, ca, participants } = membersOf(json, 'serve.tls', [
    'key',
    'cert',
    'ca',
    'participants',
  ]);
  const read = (name: string, file: unknown): Promise<string> => {
    if (typeof file !== 'string') throw new FormatError(`serve.tls.${name} names no file`);
    return readText(resolve(folder, file));
  };
  return {
    key: await read('key', key),
    cert: await read('cert', cert),
    ...optional('ca', ca === undefined ? undefined : await read('ca', ca)),
    ...optional('participants', participants as readonly string[] | undefined),
  };
}
