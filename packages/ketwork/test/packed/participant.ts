import {
  InUseError,
  angle,
  browserStateStore,
  circuit,
  dense,
  expval,
  fedAvg,
  identityFromText,
  input,
  join,
  key,
  mse,
  normal,
  quantum,
} from 'ketwork';
import { saveSafetensors, sequential, sgd, simulate, stateOf, weight, Z } from 'ketwork';
import type { FederationOptions, Model, StateStore, TrainingData } from 'ketwork';

/** A small hybrid model, of layers that take the same bits from all runtimes: their functions of numbers are our own. */
export function net(): Model {
  const ansatz = circuit(3, (q) => {
    const x = input('x', [3]);
    const w = weight('w', [2, 3, 3]);
    q.angleEmbedding(x).stronglyEntanglingLayers(w);
    q.ry(angle.mul(x.at(0), x.at(1)), 2);
  });
  return sequential(quantum(ansatz, expval(Z(0), Z(1), Z(2))), dense(3, 2));
}

/** Rounds in which single updates are added, ones in which nobody sees them, and ones whose participants sign. */
export const federations: Readonly<Record<string, FederationOptions>> = (() => {
  const local = { loss: mse, optimizer: sgd(0.2), epochs: 2, batchSize: 5 };
  const plain = { rounds: 3, seed: 11, local, strategy: fedAvg() };
  const secure = { ...plain, secureAggregation: { clippingNorm: 4 } };
  return { plain, secure, signed: secure };
})();

/** The data of a participant. */
export function examples(name: string): TrainingData {
  const count = name === 'north' ? 17 : 23;
  const inputs = normal(key(name.length + count), 3 * count);
  const labels = Array.from({ length: 2 * count }, (_, i) => inputs[(5 * i) % (3 * count)]! / 2);
  return { inputs, labels };
}

/** The bits of everything in a model. */
function bitsOf(model: Model): string {
  return Array.from(saveSafetensors(stateOf(model)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}

/** What a participant signs with, as text, and the public keys of all. */
export interface Signing {
  readonly identity: string;
  readonly identities: Readonly<Record<string, string>>;
}

/** Takes part to the end, in any runtime. @returns the bits of the model then */
export async function participate(
  url: string,
  name: string,
  token: string,
  signing?: Signing,
): Promise<string> {
  const model = net();
  // In a tab the state is kept by the browser; it goes on from one federation to the next.
  const store = 'indexedDB' in globalThis ? browserStateStore(name) : undefined;
  const kept = store === undefined ? {} : { store };
  const secureAggregation = signing && {
    identity: await identityFromText(signing.identity),
    identities: signing.identities,
  };
  const signed = secureAggregation === undefined ? {} : { secureAggregation };
  const { reason, history } = await join(url, model, examples(name), {
    token,
    ...kept,
    ...signed,
  });
  const outcomes = history.map(({ outcome }) => outcome).join();
  if (reason !== 'completed' || outcomes !== 'accepted,accepted,accepted') {
    throw new Error(`${name} ends ${reason} after ${outcomes}`);
  }
  if (store !== undefined) await checkKept(name, store);
  return bitsOf(model);
}

/** The browser has kept something, and lets nobody else have it at the same time. */
async function checkKept(name: string, store: StateStore): Promise<void> {
  const bytes = await store.open();
  const busy = await browserStateStore(name)
    .open()
    .catch((error: unknown) => error);
  await store.close();
  if (bytes === undefined) throw new Error('the browser has kept no state');
  if (!(busy instanceof InUseError)) throw new Error(`two have one state: ${String(busy)}`);
}

/** What the coordinator must have at the end. @returns the bits of the model then */
export async function simulated(federation: string): Promise<string> {
  const model = net();
  const names = ['north', 'south'];
  const data = Object.fromEntries(names.map((name) => [name, examples(name)]));
  await simulate(model, data, federations[federation]!);
  return bitsOf(model);
}
