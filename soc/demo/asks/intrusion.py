"""What the agents ask for about the intrusion of this morning."""

from soc.demo.asks.ask import HUNTER, PHISHING, RESPONDER, Ask

ASKS: tuple[Ask, ...] = (
    Ask(
        PHISHING,
        "block_domain",
        "domain",
        "domain",
        "mail",
        "The mail with the macro came from this name. It was registered three days ago and has sent us nothing else.",
        (
            (
                "One mail delivered, to one reader, at 40 minutes before this proposal.",
                "Mail gateway log",
                "message trace",
            ),
            ("The name resolves to the same address as the beacon that followed.", "DNS log", "passive lookups"),
        ),
        0.91,
        "unblock_domain lifts it at once.",
        {},
    ),
    Ask(
        RESPONDER,
        "quarantine_file",
        "file",
        "file",
        "macro",
        "The document started a shell with an encoded command. It still lies in the Downloads "
        "folder, ready for a second click.",
        (
            (
                "WINWORD.EXE is the parent of powershell.exe, four seconds after the document was opened.",
                "Process tree",
                "WINWORD.EXE → powershell.exe",
            ),
            ("The command is encoded and hides its window.", "Command line", "-nop -w hidden -enc"),
        ),
        0.94,
        "restore_file puts it back at its place.",
        {"host": "WS-1007"},
    ),
    Ask(
        RESPONDER,
        "block_ip",
        "ip",
        "outside",
        "beacon",
        "WS-1007 calls this address every 60 seconds, give or take two. People do not browse like that.",
        (
            ("31 connections in 31 minutes, 412 to 436 bytes each.", "Flow records of the edge", "WS-1007 → 443/tcp"),
            ("No other machine of ours has talked to the address in 30 days.", "Flow records of the edge", "30 days"),
        ),
        0.92,
        "unblock_ip lifts it at once.",
        {},
    ),
    Ask(
        RESPONDER,
        "block_domain",
        "domain",
        "domain",
        "beacon",
        "The beacon's name. Blocking the address alone lasts until the name points elsewhere.",
        (
            ("The name has a time to live of 60 seconds and changed its address twice today.", "DNS log", "3 answers"),
            ("Only WS-1007 asked for it.", "DNS log", "24 hours"),
        ),
        0.9,
        "unblock_domain lifts it at once.",
        {},
    ),
    Ask(
        RESPONDER,
        "isolate_host",
        "host",
        "host",
        "lsass",
        "Document, shell, beacon and now a read of lsass within 40 minutes on one machine: somebody "
        "is at the keyboard. "
        "Isolation stops them; the management channel stays, so the memory can still be collected.",
        (
            ("Four rules of three sources fired on WS-1007 within 40 minutes.", "Alerts on the host", "last hour"),
            (
                "The program that read lsass lies in a Temp folder and is not signed.",
                "Sysmon event 10",
                "GrantedAccess 0x1410",
            ),
            ("WS-1007 serves one person in Engineering; no service depends on it.", "Inventory", "WS-1007"),
        ),
        0.93,
        "release_host puts it back on the network within a minute.",
        {},
    ),
    Ask(
        RESPONDER,
        "disable_user",
        "user",
        "user",
        "lsass",
        "After the read of lsass the password of this account must be taken as stolen. The person "
        "works on WS-1007 alone and "
        "can be reached by telephone.",
        (
            ("The account is logged in on WS-1007 and nowhere else.", "Directory sessions", "1 session"),
            (
                "The service on SRV-FILE-01 was installed in this account's name 26 minutes later.",
                "System event 7045",
                "SubjectUserName",
            ),
        ),
        0.86,
        "enable_user, after a new password was set in person.",
    ),
    Ask(
        HUNTER,
        "collect_memory",
        "host",
        "host",
        "lsass",
        "The program in Temp is gone from disk. Only memory still tells what it took, and a restart ends that.",
        (
            ("upd*.exe was deleted 90 seconds after it ran.", "File events", "WS-1007"),
            ("The machine has been up for nine days.", "Endpoint agent", "uptime"),
        ),
        0.83,
    ),
    Ask(
        HUNTER,
        "collect_memory",
        "host",
        "host",
        "service",
        "A service called kx7qd with a binary in the Windows root was installed here over an admin share. It runs now.",
        (
            ("The installation came from WS-1007.", "System event 7045", "srcip 10.20.1.7"),
            ("No other server has a service of this name.", "Hunt over all servers", "0 other hits"),
        ),
        0.85,
    ),
    Ask(
        HUNTER,
        "collect_files",
        "host",
        "host",
        "service",
        "The binary and the event logs, before anybody cleans up. The standard set takes about four "
        "minutes on this server.",
        (
            (
                "C:\\Windows\\kx7qd.exe was written one second before the service was installed.",
                "File events",
                "SRV-FILE-01",
            ),
            ("The log of this server keeps about 30 hours at the present rate.", "Endpoint agent", "log retention"),
        ),
        0.8,
        "",
        {"paths": ["C:\\Windows\\kx7qd.exe", "C:\\Windows\\System32\\winevt\\Logs"]},
    ),
    Ask(
        RESPONDER,
        "quarantine_file",
        "file",
        "C:\\Users\\Public\\rclone.exe",
        "upload",
        "A copying tool in a folder that everyone may write sent 4.7 GB out. Nobody in Engineering uses it.",
        (
            ("rclone.exe was the only process with open connections to that address.", "Socket table", "22 minutes"),
            ("The file is not part of any package that we deploy.", "Software inventory", "no match"),
        ),
        0.89,
        "restore_file puts it back.",
        {"host": "WS-1007"},
    ),
    Ask(
        RESPONDER,
        "block_domain",
        "domain",
        "domain",
        "upload",
        "The place the data went to. The upload is over; a second one would use the same name.",
        (("4.7 GB in 22 minutes, from WS-1007 only.", "Flow records of the edge", "destination"),),
        0.88,
        "unblock_domain lifts it at once.",
        {},
    ),
)
