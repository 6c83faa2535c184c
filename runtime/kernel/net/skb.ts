/**
 * What a packet costs (struct sk_buff's truesize): send and receive buffers are limited by memory, not by
 * payload, so how many small datagrams fit is visible to programs. Sizes as on x86-64: net/core/skbuff.c.
 */
const SHARED_INFO_BYTES = 320;
const SK_BUFF_BYTES = 256;
const LINE_BYTES = 64;
const PAGE_BYTES = 4096;
/** SKB_MAX_HEAD(0): payload that fits one page with its bookkeeping; more goes to pages of its own. */
const HEAD_BYTES_MAX = PAGE_BYTES - SHARED_INFO_BYTES;
/** Slabs of kmalloc from 512 on. */
const SLAB_MIN = 512;

/** Memory charged for a packet with `payloadBytes`. */
export function truesize(payloadBytes: number): number {
  const inHead = Math.min(payloadBytes, HEAD_BYTES_MAX);
  const paged = payloadBytes - inHead;
  const needed = roundUp(inHead, LINE_BYTES) + SHARED_INFO_BYTES;
  let slab = SLAB_MIN;
  while (slab < needed) slab *= 2;
  return slab + SK_BUFF_BYTES + roundUp(paged, PAGE_BYTES);
}

/** Room for link, network and transport headers, and to align them (__ip_append_data). */
const HEADERS_BYTES = 59;
/** skb_small_head_cache: heads of internet packets that fit it all cost the same. */
const SMALL_HEAD_BYTES = 576;
/** SKB_MAX_ALLOC: packets that need more keep their payload in pages. */
const LINEAR_BYTES_MAX = 16_064;

/** The same for an internet packet. */
export function packetTruesize(payloadBytes: number): number {
  const headedBytes = payloadBytes + HEADERS_BYTES;
  if (headedBytes >= LINEAR_BYTES_MAX) return SMALL_HEAD_BYTES + SK_BUFF_BYTES + payloadBytes;
  const needed = roundUp(headedBytes, LINE_BYTES) + SHARED_INFO_BYTES;
  if (needed <= SMALL_HEAD_BYTES) return SMALL_HEAD_BYTES + SK_BUFF_BYTES;
  let slab = SLAB_MIN;
  while (slab < needed) slab *= 2;
  return slab + SK_BUFF_BYTES;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
