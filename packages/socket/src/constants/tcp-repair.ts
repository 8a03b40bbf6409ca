/**
 * What TCP_REPAIR and TCP_REPAIR_QUEUE are set to. Linux's values.
 * @module
 */

export const TCP_REPAIR_ON = 1;
/** The peer is told our window. */
export const TCP_REPAIR_OFF = 0;
/** It is not. */
export const TCP_REPAIR_OFF_NO_WP: number = -1;

export const TCP_NO_QUEUE = 0;
export const TCP_RECV_QUEUE = 1;
export const TCP_SEND_QUEUE = 2;
