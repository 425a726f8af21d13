"""What a claim rests on: a section of an RFC, a function of the Linux kernel, or the manual page of a tool.

A test holds every citation in the project against TITLES, so that a section number cannot be a slip of the pen.
"""

from __future__ import annotations

from dataclasses import dataclass

TITLES: dict[tuple[int, str], str] = {
    (791, "2.3"): "Function Description",
    (791, "3.1"): "Internet Header Format",
    (791, "3.2"): "Discussion",
    (1122, "1.3.3"): "Terminology",
    (1122, "3.3.2"): "Reassembly",
    (1122, "3.3.3"): "Fragmentation",
    (1122, "4.2.2.6"): "Maximum Segment Size Option",
    (1191, "2"): "Protocol overview",
    (1191, "3"): "Host specification",
    (1191, "3.1"): "TCP MSS Option",
    (1191, "4"): "Router specification",
    (1191, "5"): "Host processing of old-style messages",
    (1191, "6.1"): "Layering",
    (1191, "6.2"): "Storing PMTU information",
    (1191, "6.3"): "Purging stale PMTU information",
    (1191, "6.4"): "TCP layer actions",
    (1191, "6.5"): "Issues for other transport protocols",
    (1191, "6.6"): "Management interface",
    (1191, "7"): "Likely values for Path MTUs",
    (1191, "7.1"): "A better way to detect PMTU increases",
    (1812, "4.2.2.7"): "Fragmentation",
    (1812, "4.3.2.3"): "Original Message Header",
    (1812, "4.3.2.4"): "ICMP Message Source Address",
    (1812, "4.3.2.8"): "Rate Limiting",
    (1812, "5.2.6"): "Fragmentation and Reassembly",
    (1812, "5.2.7.1"): "Destination Unreachable",
    (2923, "2.1"): "Black Hole Detection",
    (2923, "2.2"): "Stretch ACK due to PMTUD",
    (2923, "2.3"): "Determining MSS from PMTU",
    (3542, "11.3"): "Path MTU Discovery and UDP",
    (3704, "2.2"): "Strict Reverse Path Forwarding",
    (3704, "2.4"): "Loose Reverse Path Forwarding",
    (4443, "2.1"): "Message General Format",
    (4443, "2.2"): "Message Source Address Determination",
    (4443, "2.4"): "Message Processing Rules",
    (4443, "3.1"): "Destination Unreachable Message",
    (4443, "3.2"): "Packet Too Big Message",
    (4821, "1"): "Introduction",
    (4821, "2"): "Overview",
    (4821, "3"): "Terminology",
    (4821, "4"): "Requirements",
    (4821, "5"): "Layering",
    (4821, "5.1"): "Accounting for Header Sizes",
    (4821, "5.2"): "Storing PMTU Information",
    (4821, "6.1"): "Mechanism to Detect Loss",
    (4821, "6.2"): "Generating Probes",
    (4821, "7"): "The Probing Method",
    (4821, "7.1"): "Packet Size Ranges",
    (4821, "7.2"): "Selecting Initial Values",
    (4821, "7.3"): "Selecting Probe Size",
    (4821, "7.4"): "Probing Preconditions",
    (4821, "7.5"): "Conducting a Probe",
    (4821, "7.6"): "Response to Probe Results",
    (4821, "7.7"): "Full-Stop Timeout",
    (4821, "7.8"): "MTU Verification",
    (4884, "4"): "ICMP Extensibility",
    (5681, "3.1"): "Slow Start and Congestion Avoidance",
    (5837, "4"): "Interface Information Object",
    (6298, "5"): "Managing the RTO Timer",
    (6691, "2"): "The Short Statement",
    (7323, "3"): "TCP Timestamps Option",
    (8200, "4.1"): "Extension Header Order",
    (8200, "4.5"): "Fragment Header",
    (8200, "5"): "Packet Size Issues",
    (8200, "8.1"): "Upper-Layer Checksums",
    (8201, "3"): "Protocol Overview",
    (8201, "4"): "Protocol Requirements",
    (8201, "5.2"): "Storing PMTU Information",
    (8201, "5.3"): "Purging Stale PMTU Information",
    (8201, "5.4"): "Packetization Layer Actions",
    (8899, "3"): "Features Required to Provide Datagram PLPMTUD",
    (8899, "4"): "DPLPMTUD Mechanisms",
    (8899, "4.6.2"): "Use of PTB Messages",
    (8899, "5"): "Datagram Packetization Layer PMTUD",
    (8899, "5.1.1"): "Timers",
    (8899, "5.2"): "State Machine",
    (8900, "2"): "IP Fragmentation",
    (8900, "3"): "Increased Fragility",
    (9000, "14"): "Datagram Size",
    (9293, "3.1"): "Header Format",
    (9293, "3.3.2"): "State Machine Overview",
    (9293, "3.7.1"): "Maximum Segment Size Option",
    (9293, "3.7.2"): "Path MTU Discovery",
    (9293, "3.7.3"): "Interfaces with Variable MTU Values",
}


@dataclass(frozen=True, slots=True)
class Rfc:
    """A section of an RFC: Rfc(1191, "4") is written "RFC 1191 §4"."""

    number: int
    section: str

    @property
    def title(self) -> str:
        return TITLES[self.number, self.section]

    @classmethod
    def written(cls, text: str) -> Rfc | None:
        """The section that is written so; None where it is written otherwise."""
        number, mark, section = text.removeprefix("RFC ").partition(" §")
        return cls(int(number), section) if mark and number.isdecimal() else None

    def __str__(self) -> str:
        return f"RFC {self.number} §{self.section}"


@dataclass(frozen=True, slots=True)
class Kernel:
    """A function of the Linux kernel and the file that it is in: Kernel("ip_forward", "net/ipv4/ip_forward.c")."""

    function: str
    file: str

    @classmethod
    def written(cls, text: str, file: str) -> Kernel:
        """The function that is written so, in that file."""
        return cls(text.removesuffix("()"), file)

    def __str__(self) -> str:
        return f"{self.function}()"


@dataclass(frozen=True, slots=True)
class Manual:
    """The manual page of a program, "ping(8)": where what is shown is what that program prints."""

    page: str

    def __str__(self) -> str:
        return self.page


Citation = Rfc | Kernel | Manual
