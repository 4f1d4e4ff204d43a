export type {
  CentralPrivacy,
  FederationOptions,
  FederationPrivacy,
  LocalNoise,
  LocalPrivacy,
  LocalTraining,
  LocalTrainingPrivacy,
  OptimizerJson,
  ParticipantPrivacy,
  PrivacyTarget,
  RoundRecord,
  RoundTask,
  SecureAggregationOptions,
  SecureTask,
  Strategy,
  StrategyState,
  Update,
  WeightChange,
  WeightsLayout,
} from './contract.ts';
export type { PrivacyLimit } from './local/ledger.ts';
export type { ParticipantState } from './local/round.ts';
export type { FederationPrivacyReport } from './privacy/report.ts';
export type { FederationResult, FederationState } from './result.ts';
export type { RoundsState } from './rounds/state.ts';
export { stateFromBytes, stateToBytes } from './saved.ts';
export { simulate } from './simulate.ts';
export type { Simulation } from './simulate.ts';
export type {
  Datasets,
  SimulateOptions,
  SimulationEvent,
  SimulationFaults,
  SimulationWorkers,
} from './simulation/options.ts';
export { InUseError, UpdateError } from './errors.ts';
export type { LockHolder, UpdateFault } from './errors.ts';
export { partitionIid } from './partition/partition.ts';
export type { DataPart, PartitionOptions } from './partition/partition.ts';
export { partitionDirichlet, partitionShards } from './partition/skewed.ts';
export type { DirichletOptions, ShardsOptions } from './partition/skewed.ts';
export { fedAdam, fedAvgM } from './strategies/adaptive.ts';
export type { FedAdamOptions, FedAvgMOptions } from './strategies/adaptive.ts';
export { fedAvg, fedProx } from './strategies/averages.ts';
export { coordinateMedian, krum, trimmedMean } from './strategies/robust.ts';
export type { KrumOptions } from './strategies/robust.ts';
export { SecureAggregationError } from './secure/error.ts';
export type { SecureAggregationFault } from './secure/error.ts';
export { browserStateStore } from './stores/browser.ts';
export { fileStateStore } from './stores/file.ts';
export { ParticipantStateError } from './stores/store.ts';
export type { ParticipantStateFault, StateStore } from './stores/store.ts';
export { identityFromText, identityToText, newIdentity } from './secure/identity.ts';
export type { Identity } from './secure/identity.ts';
export type { SecureParticipation } from './client/secure.ts';
export { federate } from './federate.ts';
export { join } from './join.ts';
export type { JoinOptions, JoinResult, Participation } from './join.ts';
export type { ParticipantRound } from './client/participant.ts';
export type { ParticipantTls } from './client/transport.ts';
export { newToken } from './server/new-token.ts';
export type { Limits } from './server/limits.ts';
export type {
  CoordinatorTls,
  FederateOptions,
  Federation,
  ListenOptions,
} from './server/options.ts';
export type { FederationStatus, ParticipantStatus, RoundPoint } from './server/status.ts';
