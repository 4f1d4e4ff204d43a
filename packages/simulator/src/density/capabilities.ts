import type { Capabilities } from '../contract.ts';

/** What the density matrix engine does. */
export const densityCapabilities: Capabilities = {
  engine: 'density-matrix',
  precision: ['f64'],
  maxQubits: 12,
  ops: [
    'gate',
    'matrix',
    'evolution',
    'statePreparation',
    'channel',
    'measure',
    'reset',
    'conditional',
    'barrier',
  ],
  gates: 'all',
  bits: true,
  analytic: ['expval', 'variance', 'probabilities', 'densityOperator', 'successProbability'],
  shots: ['expval', 'variance', 'probabilities', 'samples', 'counts', 'successProbability'],
  adjoint: ['expval', 'variance', 'probabilities', 'densityOperator', 'successProbability'],
  adjointIrreversible: true,
};
