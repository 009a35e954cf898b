"""Tactics of ATT&CK techniques and how much each speaks for an attack with consequences.

Technique ids and tactics are facts of MITRE ATT&CK(R): (c) The MITRE Corporation. This work is reproduced and
distributed with the permission of The MITRE Corporation. The weights are ours. A technique that serves several
tactics stands under the gravest.
"""

import re
from collections.abc import Iterable

#: Logit weight of the factor, before it fades with the rule's own record.
TACTIC_WEIGHTS: dict[str, float] = {
    "impact": 0.7,
    "credential-access": 0.6,
    "exfiltration": 0.5,
    "lateral-movement": 0.4,
    "command-and-control": 0.3,
    "collection": 0.2,
    "execution": 0.2,
    "initial-access": 0.2,
    "persistence": 0.1,
    "privilege-escalation": 0.2,
    "defense-evasion": 0.0,
    "discovery": 0.1,
    "reconnaissance": 0.2,
    "resource-development": 0.0,
}

_IDS: dict[str, str] = {
    "impact": "1485 1486 1489 1490 1491 1495 1496 1498 1499 1529 1531 1561 1565 1657 1667",
    "credential-access": "1003 1040 1056 1110 1111 1187 1212 1528 1539 1552 1555 1556 1557 1558 1606 1621 1649",
    "exfiltration": "1011 1020 1029 1030 1041 1048 1052 1537 1567",
    "lateral-movement": "1021 1072 1080 1091 1210 1534 1550 1563 1570",
    "command-and-control": "1001 1008 1071 1090 1092 1095 1102 1104 1105 1132 1205 1219 1568 1571 1572 1573 1659 1665",
    "collection": "1005 1025 1039 1074 1113 1114 1115 1119 1123 1125 1185 1213 1530 1560 1602",
    "execution": "1047 1053 1059 1106 1129 1203 1204 1559 1569 1609 1610 1648 1651 1674 1675 1677",
    "initial-access": "1078 1133 1189 1190 1195 1199 1200 1566 1669",
    "persistence": "1037 1098 1112 1136 1137 1176 1197 1505 1525 1542 1543 1546 1547 1554 1574 1653 1668 1671",
    "privilege-escalation": "1055 1068 1134 1484 1548 1611",
    "defense-evasion": (
        "1006 1014 1027 1036 1070 1127 1140 1202 1207 1211 1216 1218 1220 1221 1222 1480 1497 1535 1553 1562 "
        "1564 1578 1599 1600 1601 1612 1620 1622 1647 1656 1666 1672 1678 1679"
    ),
    "discovery": (
        "1007 1010 1012 1016 1018 1033 1046 1049 1057 1069 1082 1083 1087 1120 1124 1135 1201 1217 1482 1518 "
        "1526 1538 1580 1613 1614 1615 1619 1652 1654 1673 1680"
    ),
    "reconnaissance": "1589 1590 1591 1592 1593 1594 1595 1596 1597 1598 1681",
    "resource-development": "1583 1584 1585 1586 1587 1588 1608 1650",
}

TACTIC_OF: dict[str, str] = {f"T{number}": tactic for tactic, numbers in _IDS.items() for number in numbers.split()}

_ID = re.compile(r"^T\d{4}(\.\d{3})?$")


def known_techniques(ids: Iterable[str]) -> list[str]:
    """Return the ids whose parent technique is in the catalogue, each once, in order.

    >>> known_techniques(["T1059.001", "T9999", "powershell"])
    ['T1059.001']
    """
    return list(dict.fromkeys(name for name in ids if _ID.match(name) and name[:5] in TACTIC_OF))


def gravest(ids: Iterable[str]) -> tuple[str, str, float] | None:
    """Return (technique, tactic, weight) of the technique that weighs most; None without a known one."""
    rated = [(TACTIC_WEIGHTS[TACTIC_OF[name[:5]]], name) for name in known_techniques(ids)]
    if not rated:
        return None
    weight, name = max(rated, key=lambda item: item[0])
    return name, TACTIC_OF[name[:5]], weight
