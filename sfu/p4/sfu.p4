/*
 * A selective forwarding unit for video calls, on Tofino and Tofino 2.
 *
 * Every participant sends its RTP once, to the SFU's address. The packet
 * replication engine makes one copy per receiver; egress gives each copy the
 * address of its receiver, or drops it when the receiver's decode target does
 * not need its layer. Signalling (STUN, DTLS, RTCP feedback, AV1 dependency
 * structures) goes to the CPU port, where the switch agent lives.
 *
 *   ingress                                   egress
 *   parse, classify                           parse bridge, Ethernet, IPv4, UDP
 *   services     is it for the SFU?           cpu_ports     to the agent: untouched
 *   streams      who sends, to which group?   uplinks       feedback: to the sender
 *   layers       which layer is it?           layer_filter  not for this decode target
 *   feedback     whose stream is it about?    downlinks     media: to this receiver
 *
 * Conventions of the control plane:
 *   RID       = participant, 1..65535, unique in the switch (0: no participant)
 *   MGID      = meeting
 *   stream id = one SSRC of one participant, 1..65535
 *   layer     = 0 "every receiver needs it", else a class of templates that the
 *               same decode targets need
 *
 * One file, so that it can be handed to any compiler as it is.
 */

#include <core.p4>
#if __TARGET_TOFINO__ == 2
#include <t2na.p4>
#define ALL_EIGHT_BITS 8w0xff
#else
#include <tna.p4>
#define ALL_EIGHT_BITS 3w7
#endif

typedef bit<48> mac_t;
typedef bit<32> ipv4_t;
typedef bit<16> udp_port_t;
typedef bit<32> ssrc_t;
typedef bit<16> stream_t;
typedef bit<8>  layer_t;

const bit<16> ETHERTYPE_IPV4 = 0x0800;
const bit<16> ETHERTYPE_ARP  = 0x0806;
const bit<8>  PROTO_ICMP = 1;
const bit<8>  PROTO_UDP  = 17;
const bit<32> STUN_COOKIE = 0x2112a442;
const bit<32> REMB_NAME   = 0x52454d42;  // "REMB"
const bit<16> ICMP_ECHO_REPLY = 0x0000;
const bit<8>  FRESH_TTL = 64;

// What the parser found in the UDP payload (RFC 7983, RFC 5761).
typedef bit<4> class_t;
const class_t CLASS_OTHER    = 0;
const class_t CLASS_STUN     = 1;
const class_t CLASS_DTLS     = 2;
const class_t CLASS_RTP      = 3;
const class_t CLASS_SR       = 4;  // RTCP sender report: follows its stream
const class_t CLASS_FEEDBACK = 5;  // any other RTCP

// What RTCP feedback is about; part of the key of table feedback.
typedef bit<8> report_t;
const report_t REPORT_OTHER = 0;
const report_t REPORT_RR    = 1;
const report_t REPORT_NACK  = 2;
const report_t REPORT_PLI   = 3;
const report_t REPORT_FIR   = 4;
const report_t REPORT_REMB  = 5;
const report_t REPORT_TWCC  = 6;

// Index into counter verdicts: every packet counts once.
typedef bit<8> verdict_t;
const verdict_t VERDICT_NOT_FOR_US     = 0;
const verdict_t VERDICT_BAD_CHECKSUM   = 1;
const verdict_t VERDICT_ARP            = 2;
const verdict_t VERDICT_ECHO           = 3;
const verdict_t VERDICT_FROM_CPU       = 4;
const verdict_t VERDICT_STUN           = 5;
const verdict_t VERDICT_DTLS           = 6;
const verdict_t VERDICT_MEDIA          = 7;
const verdict_t VERDICT_STRUCTURE      = 8;  // media, and a copy to the agent
const verdict_t VERDICT_SENDER_REPORT  = 9;
const verdict_t VERDICT_FEEDBACK       = 10; // to the agent only
const verdict_t VERDICT_RELAYED        = 11; // to the agent and to the sender
const verdict_t VERDICT_UNKNOWN_SENDER = 12;
const verdict_t VERDICT_UNCLASSIFIED   = 13;

// Bridged from ingress to egress, never on a wire.
const bit<8> BRIDGE_MEDIA    = 1;
const bit<8> BRIDGE_FEEDBACK = 2;

header bridge_h {
    bit<8>   kind;
    layer_t  layer;
    stream_t stream;
}

header ethernet_h {
    mac_t   dst_addr;
    mac_t   src_addr;
    bit<16> ether_type;
}

header arp_h {
    bit<16> hw_type;
    bit<16> proto_type;
    bit<8>  hw_len;
    bit<8>  proto_len;
    bit<16> oper;
    mac_t   sender_mac;
    ipv4_t  sender_ip;
    mac_t   target_mac;
    ipv4_t  target_ip;
}

header ipv4_h {
    bit<8>  version_ihl;
    bit<8>  diffserv;
    bit<16> total_len;
    bit<16> identification;
    bit<16> flags_frag;
    bit<8>  ttl;
    bit<8>  protocol;
    bit<16> checksum;
    ipv4_t  src_addr;
    ipv4_t  dst_addr;
}

header icmp_h {
    bit<16> type_code;
    bit<16> checksum;
}

header udp_h {
    udp_port_t src_port;
    udp_port_t dst_port;
    bit<16>    length;
    bit<16>    checksum;
}

header rtp_h {
    bit<2>  version;
    bit<1>  padding;
    bit<1>  extension;
    bit<4>  csrc_count;
    bit<8>  marker_pt;
    bit<16> sequence;
    bit<32> timestamp;
    ssrc_t  ssrc;
}

header csrc1_h { bit<32> ids; }
header csrc2_h { bit<64> ids; }
header csrc4_h { bit<128> ids; }
header csrc8_h { bit<256> ids; }

// RFC 8285. length counts 32-bit words.
header extension_h {
    bit<16> profile;
    bit<8>  length_hi;
    bit<8>  length_lo;
}

// One extension element that is not the dependency descriptor. The length of
// its data decides which of the pieces exist; together they are the element.
header byte_h    { bit<8> v; }
header nibbles_h { bit<4> hi; bit<4> lo; }
header data2_h   { bit<16> v; }
header data4_h   { bit<32> v; }
header data8_h   { bit<64> v; }
header data16_h  { bit<128> v; }

struct element_t {
    byte_h    tag;   // two-byte form: the id; or one byte of padding
    nibbles_h len;   // one-byte form: id and length-1; two-byte form: length
    byte_h    first; // one-byte form only: the first byte of data
    byte_h    d1;
    data2_h   d2;
    data4_h   d4;
    data8_h   d8;
    data16_h  d16;   // two-byte form only
}

// The first three bytes of an AV1 dependency descriptor, with the element
// header of either form before them.
header descriptor1_h {
    bit<4>  id;
    bit<4>  len;     // bytes of data - 1
    bit<1>  start_of_frame;
    bit<1>  end_of_frame;
    bit<6>  template_id;
    bit<16> frame_number;
}

header descriptor2_h {
    bit<8>  id;
    bit<8>  len;     // bytes of data
    bit<1>  start_of_frame;
    bit<1>  end_of_frame;
    bit<6>  template_id;
    bit<16> frame_number;
}

header rtcp_h {
    bit<2>  version;
    bit<1>  padding;
    bit<5>  count;   // or feedback message type
    bit<8>  packet_type;
    bit<16> length;  // 32-bit words - 1
    ssrc_t  sender;
}

header about_h { ssrc_t ssrc; }     // whom feedback is about

header remb_h {
    bit<32> name;
    bit<8>  count;
    bit<24> rate;
    ssrc_t  ssrc;    // the first of count
}

struct headers_t {
    bridge_h      bridge;
    ethernet_h    ethernet;
    arp_h         arp;
    ipv4_h        ipv4;
    icmp_h        icmp;
    udp_h         udp;
    rtp_h         rtp;
    csrc1_h       csrc1;
    csrc2_h       csrc2;
    csrc4_h       csrc4;
    csrc8_h       csrc8;
    extension_h   ext;
    element_t     e0;
    element_t     e1;
    element_t     e2;
    element_t     e3;
    element_t     e4;
    element_t     e5;
    descriptor1_h dd1;
    descriptor2_h dd2;
    rtcp_h        rtcp;
    about_h       media;
    about_h       fir;
    remb_h        remb;
}

struct ingress_md_t {
    class_t   class;
    bit<4>    pad;
    report_t  report;
    ssrc_t    ssrc;           // the stream that the packet is of, or about
    bool      bad_checksum;
    bool      has_descriptor;
    bool      has_structure;  // the descriptor is longer than three bytes
    bool      echo;
    bit<16>   icmp_residual;
    bit<8>    descriptor_id;
    bit<8>    wanted_id;      // the descriptor's id in this stream, 0 for none
    bit<6>    template_id;
    bit<2>    pad2;
    stream_t  stream;
    layer_t   layer;
    verdict_t verdict;
}

// ---------------------------------------------------------------------------
// Ingress parser
// ---------------------------------------------------------------------------

// The walk over one extension element: six places, so that the descriptor is
// found as one of the first seven elements. Two entrances, one per header
// form, and one way through the data. left holds what remains of the
// extension block, in bytes; when it is used up, or anything is odd, the walk
// ends without a descriptor and the packet is forwarded as a packet without one.
//
// One-byte form: any length. Two-byte form: up to 31 bytes; a longer element
// before the descriptor hides it.
#define WALK(K, NEXT)                                                          \
    state e##K##_one {                                                         \
        transition select(left.is_zero(), left.is_negative()) {                \
            (false, false) : e##K##_one_id;                                    \
            default : accept;                                                  \
        }                                                                      \
    }                                                                          \
    state e##K##_one_id {                                                      \
        transition select(pkt.lookahead<bit<4>>()) {                           \
            descriptor_ids_one : descriptor_one;                               \
            0 : e##K##_one_pad;                                                \
            15 : accept;                                                       \
            default : e##K##_one_element;                                      \
        }                                                                      \
    }                                                                          \
    state e##K##_one_pad {                                                     \
        transition select(pkt.lookahead<bit<8>>()) {                           \
            0 : e##K##_one_skip;                                               \
            default : accept;                                                  \
        }                                                                      \
    }                                                                          \
    state e##K##_one_skip {                                                    \
        pkt.extract(hdr.e##K.tag);                                             \
        left.decrement(1);                                                     \
        transition e##NEXT##_one;                                              \
    }                                                                          \
    state e##K##_one_element {                                                 \
        pkt.extract(hdr.e##K.len);                                             \
        pkt.extract(hdr.e##K.first);                                           \
        left.decrement(2);                                                     \
        transition e##K##_low;                                                 \
    }                                                                          \
    state e##K##_two {                                                         \
        transition select(left.is_zero(), left.is_negative()) {                \
            (false, false) : e##K##_two_id;                                    \
            default : accept;                                                  \
        }                                                                      \
    }                                                                          \
    state e##K##_two_id {                                                      \
        transition select(pkt.lookahead<bit<8>>()) {                           \
            descriptor_ids_two : descriptor_two;                               \
            0 : e##K##_two_skip;                                               \
            default : e##K##_two_element;                                      \
        }                                                                      \
    }                                                                          \
    state e##K##_two_skip {                                                    \
        pkt.extract(hdr.e##K.tag);                                             \
        left.decrement(1);                                                     \
        transition e##NEXT##_two;                                              \
    }                                                                          \
    state e##K##_two_element {                                                 \
        pkt.extract(hdr.e##K.tag);                                             \
        pkt.extract(hdr.e##K.len);                                             \
        left.decrement(2);                                                     \
        transition e##K##_low;                                                 \
    }                                                                          \
    state e##K##_low {                                                         \
        transition select(hdr.e##K.len.lo[1:0]) {                              \
            0 : e##K##_high;                                                   \
            1 : e##K##_data1;                                                  \
            2 : e##K##_data2;                                                  \
            3 : e##K##_data3;                                                  \
        }                                                                      \
    }                                                                          \
    state e##K##_data1 {                                                       \
        pkt.extract(hdr.e##K.d1);                                              \
        left.decrement(1);                                                     \
        transition e##K##_high;                                                \
    }                                                                          \
    state e##K##_data2 {                                                       \
        pkt.extract(hdr.e##K.d2);                                              \
        left.decrement(2);                                                     \
        transition e##K##_high;                                                \
    }                                                                          \
    state e##K##_data3 {                                                       \
        pkt.extract(hdr.e##K.d1);                                              \
        pkt.extract(hdr.e##K.d2);                                              \
        left.decrement(3);                                                     \
        transition e##K##_high;                                                \
    }                                                                          \
    state e##K##_high {                                                        \
        transition select(hdr.e##K.len.lo[3:2]) {                              \
            0 : e##K##_next;                                                   \
            1 : e##K##_data4;                                                  \
            2 : e##K##_data8;                                                  \
            3 : e##K##_data12;                                                 \
        }                                                                      \
    }                                                                          \
    state e##K##_data4 {                                                       \
        pkt.extract(hdr.e##K.d4);                                              \
        left.decrement(4);                                                     \
        transition e##K##_next;                                                \
    }                                                                          \
    state e##K##_data8 {                                                       \
        pkt.extract(hdr.e##K.d8);                                              \
        left.decrement(8);                                                     \
        transition e##K##_next;                                                \
    }                                                                          \
    state e##K##_data12 {                                                      \
        pkt.extract(hdr.e##K.d4);                                              \
        pkt.extract(hdr.e##K.d8);                                              \
        left.decrement(12);                                                    \
        transition e##K##_next;                                                \
    }                                                                          \
    state e##K##_next {                                                        \
        transition select(hdr.ext.profile, hdr.e##K.len.hi) {                  \
            (0xbede, _) : e##NEXT##_one;                                       \
            (_, 0) : e##NEXT##_two;                                            \
            (_, 1) : e##K##_data16;                                            \
            default : accept;                                                  \
        }                                                                      \
    }                                                                          \
    state e##K##_data16 {                                                      \
        pkt.extract(hdr.e##K.d16);                                             \
        left.decrement(16);                                                    \
        transition e##NEXT##_two;                                              \
    }

parser SfuIngressParser(packet_in pkt,
        out headers_t hdr,
        out ingress_md_t md,
        out ingress_intrinsic_metadata_t ig_intr_md) {
    Checksum() ipv4_checksum;
    Checksum() icmp_checksum;
    ParserCounter() left;
    // The ids that the calls negotiated for the dependency descriptor, one set
    // per header form. The stream's entry says which of them is its own.
    value_set<bit<4>>(2) descriptor_ids_one;
    value_set<bit<8>>(2) descriptor_ids_two;

    state start {
        pkt.extract(ig_intr_md);
        pkt.advance(PORT_METADATA_SIZE);
        pkt.extract(hdr.ethernet);
        transition select(hdr.ethernet.ether_type) {
            ETHERTYPE_IPV4 : ipv4;
            ETHERTYPE_ARP : arp;
            default : accept;
        }
    }

    state arp {
        pkt.extract(hdr.arp);
        transition accept;
    }

    // Fragments and headers with options are nothing that WebRTC sends.
    state ipv4 {
        pkt.extract(hdr.ipv4);
        ipv4_checksum.add(hdr.ipv4);
        md.bad_checksum = ipv4_checksum.verify();
        transition select(hdr.ipv4.version_ihl, hdr.ipv4.flags_frag, hdr.ipv4.protocol) {
            (0x45, 0x0000 &&& 0x3fff, PROTO_UDP) : udp;
            (0x45, 0x0000 &&& 0x3fff, PROTO_ICMP) : icmp;
            default : accept;
        }
    }

    state icmp {
        pkt.extract(hdr.icmp);
        icmp_checksum.subtract({hdr.icmp.type_code, hdr.icmp.checksum});
        md.icmp_residual = icmp_checksum.get();
        transition accept;
    }

    // 8 bytes of UDP header, and at least 12 of payload for all but the
    // shortest RTCP, which has 8.
    state udp {
        pkt.extract(hdr.udp);
        transition select(hdr.udp.length) {
            0x0000 &&& 0xfff0 : accept;
            0x0010 &&& 0xfffc : tiny;
            default : classify;
        }
    }

    state tiny {
        transition select(pkt.lookahead<bit<16>>()) {
            0x80c0 &&& 0xc0e0 : rtcp;
            default : accept;
        }
    }

    state classify {
        transition select(pkt.lookahead<bit<16>>()) {
            0x0000 &&& 0xfc00 : stun;  // first byte 0..3
            0x1400 &&& 0xfc00 : dtls;  // 20..23
            0x1800 &&& 0xf800 : dtls;  // 24..31
            0x2000 &&& 0xe000 : dtls;  // 32..63
            0x80c0 &&& 0xc0e0 : rtcp;  // 128..191, packet type 192..223
            0x8000 &&& 0xc000 : rtp;
            default : accept;
        }
    }

    state stun {
        transition select(pkt.lookahead<bit<64>>()[31:0]) {
            STUN_COOKIE : stun_cookie;
            default : accept;
        }
    }

    state stun_cookie {
        md.class = CLASS_STUN;
        transition accept;
    }

    state dtls {
        md.class = CLASS_DTLS;
        transition accept;
    }

    state rtcp {
        pkt.extract(hdr.rtcp);
        transition select(hdr.rtcp.packet_type, hdr.rtcp.count) {
            (200, _) : sender_report;
            (201, 0) : other_report;
            (201, _) : receiver_report;
            (205, 1) : nack;
            (205, 15) : twcc;
            (206, 1) : pli;
            (206, 4) : fir;
            (206, 15) : application_feedback;
            default : other_report;
        }
    }

    state sender_report {
        md.class = CLASS_SR;
        md.ssrc = hdr.rtcp.sender;
        transition accept;
    }

    state other_report {
        md.class = CLASS_FEEDBACK;
        md.ssrc = hdr.rtcp.sender;
        transition accept;
    }

    state receiver_report {
        md.report = REPORT_RR;
        transition about_media;
    }

    state nack {
        md.report = REPORT_NACK;
        transition about_media;
    }

    state twcc {
        md.report = REPORT_TWCC;
        transition about_media;
    }

    state pli {
        md.report = REPORT_PLI;
        transition about_media;
    }

    state about_media {
        pkt.extract(hdr.media);
        md.class = CLASS_FEEDBACK;
        md.ssrc = hdr.media.ssrc;
        transition accept;
    }

    // The media source of FIR and REMB is in the message, not in the header.
    state fir {
        pkt.extract(hdr.media);
        pkt.extract(hdr.fir);
        md.report = REPORT_FIR;
        md.class = CLASS_FEEDBACK;
        md.ssrc = hdr.fir.ssrc;
        transition accept;
    }

    state application_feedback {
        transition select(hdr.rtcp.length) {
            0x0000 &&& 0xfffc : other_report;
            0x0004 : other_report;
            default : remb;
        }
    }

    state remb {
        pkt.extract(hdr.media);
        pkt.extract(hdr.remb);
        transition select(hdr.remb.name) {
            REMB_NAME : remb_name;
            default : other_report;
        }
    }

    state remb_name {
        md.report = REPORT_REMB;
        md.class = CLASS_FEEDBACK;
        md.ssrc = hdr.remb.ssrc;
        transition accept;
    }

    state rtp {
        pkt.extract(hdr.rtp);
        md.class = CLASS_RTP;
        md.ssrc = hdr.rtp.ssrc;
        transition select(hdr.rtp.extension, hdr.rtp.csrc_count) {
            (0, _) : accept;
            (1, 0) : extension;
            default : csrc_1;
        }
    }

    state csrc_1 {
        transition select(hdr.rtp.csrc_count[0:0]) {
            1 : csrc_1_taken;
            default : csrc_2;
        }
    }
    state csrc_1_taken {
        pkt.extract(hdr.csrc1);
        transition csrc_2;
    }
    state csrc_2 {
        transition select(hdr.rtp.csrc_count[1:1]) {
            1 : csrc_2_taken;
            default : csrc_4;
        }
    }
    state csrc_2_taken {
        pkt.extract(hdr.csrc2);
        transition csrc_4;
    }
    state csrc_4 {
        transition select(hdr.rtp.csrc_count[2:2]) {
            1 : csrc_4_taken;
            default : csrc_8;
        }
    }
    state csrc_4_taken {
        pkt.extract(hdr.csrc4);
        transition csrc_8;
    }
    state csrc_8 {
        transition select(hdr.rtp.csrc_count[3:3]) {
            1 : csrc_8_taken;
            default : extension;
        }
    }
    state csrc_8_taken {
        pkt.extract(hdr.csrc8);
        transition extension;
    }

    state extension {
        pkt.extract(hdr.ext);
        transition select(hdr.ext.profile) {
            0xbede : block;
            0x1000 &&& 0xfff0 : block;
            default : accept;
        }
    }

    // The parser's counter is 8 bits with a sign: of a block of more than 31
    // words, only the first 127 bytes are walked.
    state block {
        transition select(hdr.ext.length_hi, hdr.ext.length_lo) {
            (0, 0x00 &&& 0xe0) : short_block;
            default : long_block;
        }
    }

    state short_block {
        left.set(hdr.ext.length_lo, 31, 6, ALL_EIGHT_BITS, 0);  // words to bytes
        transition walk;
    }

    state long_block {
        left.set(8w127);
        transition walk;
    }

    state walk {
        transition select(hdr.ext.profile) {
            0xbede : e0_one;
            default : e0_two;
        }
    }

    WALK(0, 1)
    WALK(1, 2)
    WALK(2, 3)
    WALK(3, 4)
    WALK(4, 5)
    WALK(5, 6)

    // The seventh element: the descriptor, or the end of the walk.
    state e6_one {
        transition select(left.is_zero(), left.is_negative()) {
            (false, false) : e6_one_id;
            default : accept;
        }
    }
    state e6_one_id {
        transition select(pkt.lookahead<bit<4>>()) {
            descriptor_ids_one : descriptor_one;
            default : accept;
        }
    }
    state e6_two {
        transition select(left.is_zero(), left.is_negative()) {
            (false, false) : e6_two_id;
            default : accept;
        }
    }
    state e6_two_id {
        transition select(pkt.lookahead<bit<8>>()) {
            descriptor_ids_two : descriptor_two;
            default : accept;
        }
    }

    // A descriptor of less than three bytes, or one that leaves the block, is
    // none.
    state descriptor_one {
        transition select(pkt.lookahead<bit<8>>()) {
            0x00 &&& 0x0f : accept;
            0x01 &&& 0x0f : accept;
            default : descriptor_one_taken;
        }
    }
    state descriptor_one_taken {
        pkt.extract(hdr.dd1);
        left.decrement(4);
        transition descriptor_inside;
    }
    state descriptor_two {
        transition select(pkt.lookahead<bit<16>>()[7:0]) {
            0 : accept;
            1 : accept;
            2 : accept;
            default : descriptor_two_taken;
        }
    }
    state descriptor_two_taken {
        pkt.extract(hdr.dd2);
        left.decrement(5);
        transition descriptor_inside;
    }
    state descriptor_inside {
        transition select(left.is_negative()) {
            true : accept;
            default : descriptor_found;
        }
    }
    state descriptor_found {
        md.has_descriptor = true;
        transition accept;
    }
}

// ---------------------------------------------------------------------------
// Ingress
// ---------------------------------------------------------------------------

control SfuIngress(inout headers_t hdr,
        inout ingress_md_t md,
        in ingress_intrinsic_metadata_t ig_intr_md,
        in ingress_intrinsic_metadata_from_parser_t ig_prsr_md,
        inout ingress_intrinsic_metadata_for_deparser_t ig_dprsr_md,
        inout ingress_intrinsic_metadata_for_tm_t ig_tm_md) {
    Counter<bit<64>, verdict_t>(16, CounterType_t.PACKETS) verdicts;
    DirectCounter<bit<64>>(CounterType_t.PACKETS_AND_BYTES) stream_traffic;
    DirectCounter<bit<64>>(CounterType_t.PACKETS) feedback_traffic;

    // The SFU answers for its address: who asks for it, and who pings it.
    action arp_reply(mac_t mac, ipv4_t ip) {
        hdr.ethernet.dst_addr = hdr.ethernet.src_addr;
        hdr.ethernet.src_addr = mac;
        hdr.arp.oper = 2;
        hdr.arp.target_mac = hdr.arp.sender_mac;
        hdr.arp.target_ip = hdr.arp.sender_ip;
        hdr.arp.sender_mac = mac;
        hdr.arp.sender_ip = ip;
        ig_tm_md.ucast_egress_port = ig_intr_md.ingress_port;
        ig_tm_md.bypass_egress = 1;
        md.verdict = VERDICT_ARP;
    }

    table arp_responder {
        key = {
            hdr.arp.oper : exact;
            hdr.arp.target_ip : exact;
        }
        actions = { arp_reply; NoAction; }
        const default_action = NoAction;
        size = 16;
    }

    action echo_reply(mac_t mac, ipv4_t ip) {
        hdr.ethernet.dst_addr = hdr.ethernet.src_addr;
        hdr.ethernet.src_addr = mac;
        hdr.ipv4.dst_addr = hdr.ipv4.src_addr;
        hdr.ipv4.src_addr = ip;
        hdr.ipv4.ttl = FRESH_TTL;
        hdr.icmp.type_code = ICMP_ECHO_REPLY;
        md.echo = true;
        ig_tm_md.ucast_egress_port = ig_intr_md.ingress_port;
        ig_tm_md.bypass_egress = 1;
        md.verdict = VERDICT_ECHO;
    }

    table echo_responder {
        key = {
            hdr.icmp.type_code : exact;
            hdr.ipv4.dst_addr : exact;
        }
        actions = { echo_reply; NoAction; }
        const default_action = NoAction;
        size = 16;
    }

    // The agent's own packets, complete frames, leave for the port of the
    // participant that they are addressed to.
    action send(PortId_t port) {
        ig_tm_md.ucast_egress_port = port;
        ig_tm_md.bypass_egress = 1;
        md.verdict = VERDICT_FROM_CPU;
    }

    table from_cpu {
        key = {
            ig_intr_md.ingress_port : exact;
            hdr.ipv4.dst_addr : exact;
            hdr.udp.dst_port : exact;
        }
        actions = { send; NoAction; }
        const default_action = NoAction;
        size = 16384;
    }

    // The addresses at which the SFU takes media.
    action serve() {
        md.verdict = VERDICT_UNCLASSIFIED;
    }

    table services {
        key = {
            hdr.ethernet.dst_addr : exact;
            hdr.ipv4.dst_addr : exact;
            hdr.udp.dst_port : exact;
        }
        actions = { serve; NoAction; }
        const default_action = NoAction;
        size = 64;
    }

    // Who sends. The sender's own copy is pruned in the replication engine: rid
    // and yid name the sender's node and port.
    action replicate(stream_t stream, MulticastGroupId_t mgid, ReplicationId_t rid,
            L2ExclusionId_t yid, L1ExclusionId_t xid, bit<8> descriptor_id) {
        stream_traffic.count();
        md.stream = stream;
        md.wanted_id = descriptor_id;
        ig_tm_md.mcast_grp_a = mgid;
        ig_tm_md.rid = rid;
        ig_tm_md.level1_exclusion_id = xid;
        ig_tm_md.level2_exclusion_id = yid;
        md.verdict = VERDICT_MEDIA;
    }

    action unknown_sender() {
        stream_traffic.count();
        md.verdict = VERDICT_UNKNOWN_SENDER;
    }

    table streams {
        key = {
            hdr.ipv4.src_addr : exact;
            hdr.udp.src_port : exact;
            md.ssrc : exact;
        }
        actions = { replicate; @defaultonly unknown_sender; }
        const default_action = unknown_sender;
        counters = stream_traffic;
        size = 4096;
    }

    action set_layer(layer_t layer) {
        md.layer = layer;
    }

    table layers {
        key = {
            md.stream : exact;
            md.template_id : exact;
        }
        actions = { set_layer; NoAction; }
        const default_action = NoAction;
        size = 32768;
    }

    // Which feedback of which receiver the sender of the stream gets to see.
    action relay(stream_t stream, PortId_t port) {
        feedback_traffic.count();
        md.stream = stream;
        ig_tm_md.ucast_egress_port = port;
        md.verdict = VERDICT_RELAYED;
    }

    action keep() {
        feedback_traffic.count();
    }

    table feedback {
        key = {
            hdr.ipv4.src_addr : exact;
            hdr.udp.src_port : exact;
            md.ssrc : exact;
            md.report : exact;
        }
        actions = { relay; @defaultonly keep; }
        const default_action = keep;
        counters = feedback_traffic;
        size = 32768;
    }

    // Signalling: to the agent as it came.
    action punt(verdict_t verdict) {
        ig_tm_md.copy_to_cpu = 1;
        ig_tm_md.bypass_egress = 1;
        md.verdict = verdict;
    }

    action bridge(bit<8> kind) {
        hdr.bridge.setValid();
        hdr.bridge.kind = kind;
        hdr.bridge.layer = md.layer;
        hdr.bridge.stream = md.stream;
    }

    apply {
        if (md.bad_checksum) {
            md.verdict = VERDICT_BAD_CHECKSUM;
        } else if (hdr.arp.isValid()) {
            arp_responder.apply();
        } else if (hdr.icmp.isValid()) {
            echo_responder.apply();
        } else if (hdr.udp.isValid()) {
            if (!from_cpu.apply().hit) {
                if (services.apply().hit) {
                    if (md.class == CLASS_RTP || md.class == CLASS_SR) {
                        if (streams.apply().hit) {
                            if (md.class == CLASS_SR) {
                                md.verdict = VERDICT_SENDER_REPORT;
                            } else if (md.has_descriptor) {
                                if (hdr.dd1.isValid()) {
                                    md.descriptor_id = (bit<8>)hdr.dd1.id;
                                    md.template_id = hdr.dd1.template_id;
                                    if (hdr.dd1.len != 2) {
                                        md.has_structure = true;
                                    }
                                } else {
                                    md.descriptor_id = hdr.dd2.id;
                                    md.template_id = hdr.dd2.template_id;
                                    if (hdr.dd2.len != 3) {
                                        md.has_structure = true;
                                    }
                                }
                                if (md.descriptor_id == md.wanted_id) {
                                    layers.apply();
                                    if (md.has_structure) {
                                        ig_tm_md.copy_to_cpu = 1;
                                        md.verdict = VERDICT_STRUCTURE;
                                    }
                                }
                            }
                            bridge(BRIDGE_MEDIA);
                        }
                    } else if (md.class == CLASS_FEEDBACK) {
                        md.verdict = VERDICT_FEEDBACK;
                        ig_tm_md.copy_to_cpu = 1;
                        feedback.apply();
                        bridge(BRIDGE_FEEDBACK);
                    } else if (md.class == CLASS_STUN) {
                        punt(VERDICT_STUN);
                    } else if (md.class == CLASS_DTLS) {
                        punt(VERDICT_DTLS);
                    }
                }
            }
        }
        verdicts.count(md.verdict);
    }
}

control SfuIngressDeparser(packet_out pkt,
        inout headers_t hdr,
        in ingress_md_t md,
        in ingress_intrinsic_metadata_for_deparser_t ig_dprsr_md) {
    Checksum() ipv4_checksum;
    Checksum() icmp_checksum;

    apply {
        if (md.echo) {
            hdr.ipv4.checksum = ipv4_checksum.update({
                hdr.ipv4.version_ihl, hdr.ipv4.diffserv, hdr.ipv4.total_len,
                hdr.ipv4.identification, hdr.ipv4.flags_frag, hdr.ipv4.ttl,
                hdr.ipv4.protocol, hdr.ipv4.src_addr, hdr.ipv4.dst_addr});
            hdr.icmp.checksum = icmp_checksum.update({hdr.icmp.type_code, md.icmp_residual});
        }
        pkt.emit(hdr);
    }
}

// ---------------------------------------------------------------------------
// Egress
// ---------------------------------------------------------------------------

struct egress_headers_t {
    bridge_h   bridge;
    ethernet_h ethernet;
    ipv4_h     ipv4;
    udp_h      udp;
}

struct egress_md_t {
    bool    readdressed;
    bool    has_udp_checksum;
    bit<16> udp_residual;
}

parser SfuEgressParser(packet_in pkt,
        out egress_headers_t hdr,
        out egress_md_t md,
        out egress_intrinsic_metadata_t eg_intr_md) {
    Checksum() udp_checksum;

    // Whatever does not bypass egress is UDP and has a bridge.
    state start {
        pkt.extract(eg_intr_md);
        pkt.extract(hdr.bridge);
        pkt.extract(hdr.ethernet);
        pkt.extract(hdr.ipv4);
        udp_checksum.subtract({hdr.ipv4.src_addr, hdr.ipv4.dst_addr});
        pkt.extract(hdr.udp);
        udp_checksum.subtract({hdr.udp.src_port, hdr.udp.dst_port, hdr.udp.checksum});
        md.udp_residual = udp_checksum.get();
        transition select(hdr.udp.checksum) {
            0 : accept;  // none was sent, and none need be (RFC 768)
            default : with_checksum;
        }
    }

    state with_checksum {
        md.has_udp_checksum = true;
        transition accept;
    }
}

control SfuEgress(inout egress_headers_t hdr,
        inout egress_md_t md,
        in egress_intrinsic_metadata_t eg_intr_md,
        in egress_intrinsic_metadata_from_parser_t eg_prsr_md,
        inout egress_intrinsic_metadata_for_deparser_t eg_dprsr_md,
        inout egress_intrinsic_metadata_for_output_port_t eg_oport_md) {
    DirectCounter<bit<64>>(CounterType_t.PACKETS_AND_BYTES) downlink_traffic;
    DirectCounter<bit<64>>(CounterType_t.PACKETS_AND_BYTES) uplink_traffic;
    DirectCounter<bit<64>>(CounterType_t.PACKETS) suppressed;

    // The agent's port: copies leave as they came.
    action untouched() {
        hdr.bridge.setInvalid();
    }

    table cpu_ports {
        key = { eg_intr_md.egress_port : exact; }
        actions = { untouched; NoAction; }
        const default_action = NoAction;
        size = 4;
    }

    // An entry: this receiver's decode target does not need this layer.
    action suppress() {
        suppressed.count();
        eg_dprsr_md.drop_ctl = 1;
    }

    action pass() {
        suppressed.count();
    }

    table layer_filter {
        key = {
            eg_intr_md.egress_rid : exact;
            hdr.bridge.stream : exact;
            hdr.bridge.layer : exact;
        }
        actions = { suppress; @defaultonly pass; }
        const default_action = pass;
        counters = suppressed;
        size = 32768;
    }

    // The copy becomes a packet of the SFU: from the address that the original
    // was sent to, to the receiver.
    action to_receiver(mac_t mac, ipv4_t ip, udp_port_t port) {
        downlink_traffic.count();
        hdr.ethernet.src_addr = hdr.ethernet.dst_addr;
        hdr.ethernet.dst_addr = mac;
        hdr.ipv4.src_addr = hdr.ipv4.dst_addr;
        hdr.ipv4.dst_addr = ip;
        hdr.ipv4.ttl = FRESH_TTL;
        hdr.udp.src_port = hdr.udp.dst_port;
        hdr.udp.dst_port = port;
        hdr.bridge.setInvalid();
        md.readdressed = true;
    }

    action no_receiver() {
        downlink_traffic.count();
        eg_dprsr_md.drop_ctl = 1;
    }

    table downlinks {
        key = {
            eg_intr_md.egress_rid : exact;
            hdr.bridge.stream : exact;
        }
        actions = { to_receiver; @defaultonly no_receiver; }
        const default_action = no_receiver;
        counters = downlink_traffic;
        size = 32768;
    }

    action to_sender(mac_t mac, ipv4_t ip, udp_port_t port) {
        uplink_traffic.count();
        hdr.ethernet.src_addr = hdr.ethernet.dst_addr;
        hdr.ethernet.dst_addr = mac;
        hdr.ipv4.src_addr = hdr.ipv4.dst_addr;
        hdr.ipv4.dst_addr = ip;
        hdr.ipv4.ttl = FRESH_TTL;
        hdr.udp.src_port = hdr.udp.dst_port;
        hdr.udp.dst_port = port;
        hdr.bridge.setInvalid();
        md.readdressed = true;
    }

    action no_sender() {
        uplink_traffic.count();
        eg_dprsr_md.drop_ctl = 1;
    }

    table uplinks {
        key = { hdr.bridge.stream : exact; }
        actions = { to_sender; @defaultonly no_sender; }
        const default_action = no_sender;
        counters = uplink_traffic;
        size = 4096;
    }

    apply {
        if (!cpu_ports.apply().hit) {
            if (hdr.bridge.kind == BRIDGE_FEEDBACK) {
                uplinks.apply();
            } else if (!layer_filter.apply().hit) {
                downlinks.apply();
            }
        }
    }
}

control SfuEgressDeparser(packet_out pkt,
        inout egress_headers_t hdr,
        in egress_md_t md,
        in egress_intrinsic_metadata_for_deparser_t eg_dprsr_md) {
    Checksum() ipv4_checksum;
    Checksum() udp_checksum;

    apply {
        if (md.readdressed) {
            hdr.ipv4.checksum = ipv4_checksum.update({
                hdr.ipv4.version_ihl, hdr.ipv4.diffserv, hdr.ipv4.total_len,
                hdr.ipv4.identification, hdr.ipv4.flags_frag, hdr.ipv4.ttl,
                hdr.ipv4.protocol, hdr.ipv4.src_addr, hdr.ipv4.dst_addr});
            if (md.has_udp_checksum) {
                hdr.udp.checksum = udp_checksum.update({
                    hdr.ipv4.src_addr, hdr.ipv4.dst_addr,
                    hdr.udp.src_port, hdr.udp.dst_port, md.udp_residual}, true);
            }
        }
        pkt.emit(hdr.ethernet);
        pkt.emit(hdr.ipv4);
        pkt.emit(hdr.udp);
    }
}

Pipeline(SfuIngressParser(),
    SfuIngress(),
    SfuIngressDeparser(),
    SfuEgressParser(),
    SfuEgress(),
    SfuEgressDeparser()) pipe;

Switch(pipe) main;
