/**
 * `SOF_TIMESTAMPING_*` of SO_TIMESTAMPING, and `SCM_TSTAMP_*`, which tell what a transmit timestamp is of. Linux's values.
 * @module
 */

/** Made by hardware, of which there is none. */
export const SOF_TIMESTAMPING_TX_HARDWARE = 0x1;
/** Made when a packet is given to its device. */
export const SOF_TIMESTAMPING_TX_SOFTWARE = 0x2;
/** Made by hardware, of which there is none. */
export const SOF_TIMESTAMPING_RX_HARDWARE = 0x4;
/** Made when a packet comes from its device. */
export const SOF_TIMESTAMPING_RX_SOFTWARE = 0x8;
/** Those made by software are told. */
export const SOF_TIMESTAMPING_SOFTWARE = 0x10;
/** No effect, in Linux neither. */
export const SOF_TIMESTAMPING_SYS_HARDWARE = 0x20;
/** Those made by hardware are told. */
export const SOF_TIMESTAMPING_RAW_HARDWARE = 0x40;
/** Transmit timestamps bear numbers: those of packets, or those of bytes of a stream. */
export const SOF_TIMESTAMPING_OPT_ID = 0x80;
/** Made when a packet comes to the queue of its device. */
export const SOF_TIMESTAMPING_TX_SCHED = 0x100;
/** Made when the last byte of a send on a stream is acknowledged. */
export const SOF_TIMESTAMPING_TX_ACK = 0x200;
/** Transmit timestamps come with the control messages of a receive: IP_PKTINFO tells which way the packet left. */
export const SOF_TIMESTAMPING_OPT_CMSG = 0x400;
/** Transmit timestamps come without the packet. */
export const SOF_TIMESTAMPING_OPT_TSONLY = 0x800;
/** With OPT_TSONLY: statistics of TCP come in its place. Taken, and none come. */
export const SOF_TIMESTAMPING_OPT_STATS = 0x1000;
/** Of hardware. */
export const SOF_TIMESTAMPING_OPT_PKTINFO = 0x2000;
/** Of hardware. */
export const SOF_TIMESTAMPING_OPT_TX_SWHW = 0x4000;
/** Of hardware. */
export const SOF_TIMESTAMPING_BIND_PHC = 0x8000;
/** With OPT_ID, on a stream: bytes count from what was written so far, not from what was acknowledged. */
export const SOF_TIMESTAMPING_OPT_ID_TCP = 0x1_0000;
/** Receive timestamps are told only where this socket has them made. Here that is so in any case. */
export const SOF_TIMESTAMPING_OPT_RX_FILTER = 0x2_0000;
/** Of Bluetooth. */
export const SOF_TIMESTAMPING_TX_COMPLETION = 0x4_0000;

/** `ee_info`: the packet was given to its device. */
export const SCM_TSTAMP_SND = 0;
/** `ee_info`: it came to the queue of its device. */
export const SCM_TSTAMP_SCHED = 1;
/** `ee_info`: the last byte of a send was acknowledged. */
export const SCM_TSTAMP_ACK = 2;
