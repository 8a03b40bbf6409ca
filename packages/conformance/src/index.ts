/**
 * What the RFCs ask of TCP, as packetdrill scripts that run against the host of this repository.
 * @module
 */
export { elsewhere, type Requirement, requirements, requirementsOf, type State } from './requirement.ts';
export { HOME, runScript, type Script, scripts } from './script.ts';
export { summary, table } from './table.ts';
