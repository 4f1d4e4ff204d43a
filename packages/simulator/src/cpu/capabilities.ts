import { wasmFeatures } from '@ketwork/base';
import type { Capabilities } from '../contract.ts';

/** What the CPU engine can do. */
export const cpuCapabilities: Capabilities = {
  engine: 'cpu',
  precision: ['f64'],
  /** A state of 4 GiB takes 64-bit addresses, one of 2 GiB leaves room for all else below 4. */
  get maxQubits() {
    return wasmFeatures().memory64 ? 28 : 27;
  },
  ops: [
    'gate',
    'matrix',
    'evolution',
    'statePreparation',
    'measure',
    'reset',
    'conditional',
    'barrier',
  ],
  gates: 'all',
  bits: true,
  evolutionDrift: true,
  analytic: ['expval', 'variance', 'probabilities', 'state', 'successProbability'],
  shots: ['expval', 'variance', 'probabilities', 'samples', 'counts', 'successProbability'],
  adjoint: ['expval', 'variance', 'probabilities', 'state', 'successProbability'],
  adjointIrreversible: ['measure', 'reset', 'conditional'],
};

/** What it can do in single precision: the same. */
export const singleCapabilities: Capabilities = { ...cpuCapabilities, precision: ['f32'] };
