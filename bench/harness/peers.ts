import { NativePeers } from '../peers/native.ts';
import { chooseNpmFolder, choosePython } from '../peers/places.ts';
import { Prototypes } from '../peers/prototypes.ts';
import { QuantumCircuitPeer } from '../peers/quantum-circuit.ts';
import { TensorFlowPeer } from '../peers/tensorflow.ts';
import { firstLine } from './question.ts';
import type { Peers } from './question.ts';

/** Peers that run, and how to end them. */
export interface StartedPeers {
  readonly peers: Peers;
  readonly versions: Readonly<Record<string, string>>;
  readonly stop: () => void;
}

/** Starts the peers there are; `skip` hears why others are missing. */
export async function startPeers(skip: (reason: string) => void): Promise<StartedPeers> {
  const { KETWORK_PROTOTYPES } = process.env;
  const peers: { -readonly [Name in keyof Peers]: Peers[Name] } = {};
  const versions: Record<string, string> = {};
  const python = choosePython();
  const started = new Map<number, Promise<NativePeers>>();
  const native = (threads: number): Promise<NativePeers> => {
    const running = started.get(threads) ?? NativePeers.start(python, threads);
    started.set(threads, running);
    return running;
  };
  const install = 'npm run bench -- --install-peers';
  try {
    const first = await native(1);
    Object.assign(versions, first.versions);
    for (const [peer, reason] of Object.entries(first.missing))
      skip(`${peer}: ${reason}; ${install}`);
    if (first.any) peers.native = native;
  } catch (error) {
    skip(`native peers: no Python runs them (${firstLine(error)}); ${install}`);
  }
  if (KETWORK_PROTOTYPES === undefined) skip('prototypes: KETWORK_PROTOTYPES names no folder');
  else peers.prototypes = await Prototypes.load(KETWORK_PROTOTYPES);
  const npmPeers = chooseNpmFolder();
  if (npmPeers === undefined) {
    skip(`quantum-circuit: 38 MB with mathjs 6, so not a dependency; ${install}`);
    skip(`TensorFlow.js: 66 MB, so not a dependency; ${install}`);
  } else {
    try {
      peers.quantumCircuit = new QuantumCircuitPeer(npmPeers);
      versions['quantum-circuit'] = peers.quantumCircuit.version;
    } catch (error) {
      skip(`quantum-circuit: ${firstLine(error)}; ${install}`);
    }
    try {
      peers.tensorflow = await TensorFlowPeer.load(npmPeers);
      versions['@tensorflow/tfjs-backend-wasm'] = peers.tensorflow.version;
    } catch (error) {
      skip(`TensorFlow.js: ${firstLine(error)}; ${install}`);
    }
  }
  const stop = (): void => {
    for (const process of started.values()) {
      void process.then(
        (running) => running.stop(),
        () => {},
      );
    }
  };
  return { peers, versions, stop };
}
