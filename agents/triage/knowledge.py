"""What the engine knows before anybody taught it: words of rules, command lines and paths, each with its weight.

Weights are logits, set by hand and round on purpose; docs/triage.md gives the figures with and without them.
A sign that speaks *against* an attack is matched on a whole path or on the rule's own words only, never inside free
text: whoever writes a command line or a user agent must not be able to talk the score down.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sign:
    """One known sign. `claim` completes the sentence "The … …"."""

    name: str
    weight: float
    pattern: re.Pattern[str]
    claim: str


def _sign(name: str, weight: float, pattern: str, claim: str) -> Sign:
    return Sign(name, weight, re.compile(pattern, re.IGNORECASE), claim)


#: On the constant part of the rule's title and its groups: what kind of rule it is.
RULE_SIGNS: tuple[Sign, ...] = (
    _sign(
        "rule_exploit",
        1.3,
        r"\bexploit(?:ed|ation)?\b(?! kit)|shellshock|cve-\d|\bcve_|sql ?injection|web attack|"
        r"directory traversal|command injection|\bxss\b|log4j|\bet (?:exploit|web_server|web_specific)",
        "names an exploit or a web attack",
    ),
    _sign(
        "rule_malware",
        1.4,
        r"\bet (?:malware|trojan|mobile_malware|worm)|ransom|trojan|rootkit|backdoor|webshell|web shell|"
        r"cobalt ?strike|meterpreter|mimikatz|\bmalware\b(?! scan)|botnet|cryptominer|coin ?miner",
        "names malware",
    ),
    _sign(
        "rule_brute_force",
        1.2,
        r"brute.?force|multiple .{0,24}(?:fail|logon fail|authentication)|password spray|non.existent user|"
        r"invalid_login|authentication_failures|credential stuffing",
        "names repeated failed log-ins",
    ),
    _sign(
        "rule_scan",
        0.9,
        r"\bnmap\b|port ?scan|\bet scan\b|masscan|nikto|\bsqlmap\b|dirb(?:uster)?\b|wpscan|vulnerability scanner",
        "names a scan",
    ),
    _sign(
        "rule_credentials",
        1.2,
        r"lsass|credential (?:dump|access|theft)|pass.the.(?:hash|ticket)|kerberoast|dcsync|golden ticket|\bntds\b|"
        r"sam hive|as-?rep",
        "names theft or reuse of credentials",
    ),
    _sign(
        "rule_execution",
        0.7,
        r"encoded command|base64|process injection|createthread|amsi|unsigned kernel module|uac bypass|"
        r"admin shares?|windows root (?:folder|path)|created? (?:by|from) wmi|invoke-command|reverse shell|"
        r"suspicious|malicious",
        "describes a technique attackers use to run code",
    ),
    _sign(
        "rule_powershell",
        0.5,
        r"\bpowershell\b.{0,40}(?:spawn|script|execut|quer|used|activity)|discovery activity from|ldap activity",
        "is about a script interpreter",
    ),
    _sign(
        "rule_decoder",
        -0.6,
        r"^(?:suricata: alert - )?suricata (?:stream|http|tls|smtp|applayer|icmp|udp|ipv)|invalid (?:ack|checksum)|"
        r"protocol only one|invalid (?:record|handshake)",
        "is about a malformed protocol, which is mostly noise",
    ),
    _sign(
        "rule_informational",
        -0.7,
        r"\bet (?:info|policy|hunting|user_agents|games|chat|p2p)\b|^(?:wazuh: )?first time\b|new event type",
        "is informational by its publisher's own naming",
    ),
    _sign(
        "rule_routine",
        -1.6,
        r"service (?:started|stopped|entered|is shutting down|scheduled)|search service|idle timeout|"
        r"scheduled successfully|starting a new instance|no positives? found|session (?:opened|closed)|"
        r"database update|average number of logs|log(?:on|in) success|authentication success|"
        r"special privileges assigned|\b(?:windows_application|stats|agent_flooding)\b|installed successfully|"
        r"successful sudo|first time user executed sudo|time has been changed|updated? successfully",
        "describes everyday operation",
    ),
    _sign(
        "rule_file_change",
        -0.9,
        r"file added to the system|integrity checksum changed|\bsyscheck\b|file deleted\b|registry value added",
        "reports a changed file or key without saying that it is bad",
    ),
)

#: Inside command lines, scripts, URLs and user agents. Only signs *for* an attack stand here.
COMMAND_SIGNS: tuple[Sign, ...] = (
    _sign(
        "encoded_command",
        0.8,
        r"-e(?:nc(?:odedcommand)?|c)?\s+[A-Za-z0-9+/=]{40,}|-encodedarguments\s|frombase64string|\bcertutil\b.{0,40}-decode",
        "carries an encoded command",
    ),
    _sign(
        "download",
        1.3,
        r"download(?:string|file|data)\s*\(|\biwr\b|invoke-webrequest|start-bitstransfer|bitsadmin\b.{0,40}/transfer|"
        r"certutil\b.{0,60}-urlcache|\bcurl(?:\.exe)?\b.{0,200}(?:-o|--output)\b|\bwget\b.{0,120}https?:|mshta\s+https?:|"
        r"regsvr32\b.{0,80}https?:",
        "fetches a file from elsewhere",
    ),
    _sign(
        "in_memory",
        1.1,
        r"\biex\b|invoke-expression|reflection\.assembly|virtualalloc|writeprocessmemory|createthread|"
        r"interopservices\.marshal|getdelegateforfunctionpointer|amsiutils",
        "runs code it builds in memory",
    ),
    _sign(
        "offensive_tool",
        1.6,
        r"mimikatz|sekurlsa|invoke-(?:mimikatz|kerberoast|bloodhound|dllinjection|shellcode)|sharphound|bloodhound|"
        r"powerview|find-domainuserlocation|get-wmiregproxy|powersploit|nishang|empire\b.{0,12}stager|cobaltstrike|"
        r"meterpreter|impacket|psexesvc|procdump\b.{0,40}lsass|rubeus|lazagne|secretsdump|crackmapexec|evil-winrm|"
        r"atomic.?red.?team|atomictest|redcanaryco|sqlmap|nikto|nmap scripting|wpscan|hydra\b|hashcat|find-avsignature|"
        r"add-persistence|diamorphine|uacme|enigma0x3",
        "names a tool made for attacks",
    ),
    _sign("attack_machine", 1.2, r"^kali$|\bkali\b.{0,20}linux|^parrot(?:os)?$", "comes from an attack distribution"),
    _sign(
        "web_payload",
        1.3,
        r"union(?:\s|\+|%20|/\*\*/)+(?:all\s+)?select|(?:'|%27)(?:\s|\+|%20)*or(?:\s|\+|%20)+\d|\(\)\s*\{\s*:;\s*\}|"
        r"\.\./\.\./|%2e%2e%2f|/etc/(?:passwd|shadow)|<script|%3cscript|\$\{jndi:|;\s*(?:cat|id|wget|curl)\s|xp_cmdshell",
        "carries a web attack",
    ),
    _sign(
        "wordlist",
        1.0,
        r"usernames?[-_].{0,24}\.txt|rockyou|passwords?[-_]?list|wordlist",
        "tries names from a word list",
    ),
    _sign(
        "shell_trick",
        0.7,
        r"cmd(?:\.exe)?\"?\s+/[ck]\s.{0,400}(?:&amp;|&&|\||powershell|wscript|curl|echo)|"
        r"\b(?:wscript|cscript|mshta|rundll32|regsvr32)(?:\.exe)?\b.{0,120}(?:\\temp\\|appdata|javascript:|scrobj)|"
        r"-w(?:indowstyle)?\s+hidden|-nop(?:rofile)?\s.{0,40}-w\s|bypass\b.{0,20}-(?:c|f|enc)",
        "chains or hides a shell",
    ),
    _sign(
        "discovery",
        0.5,
        r"\bwhoami\b|\bqwinsta\b|\bquser\b|\bquery\s+(?:user|session)|net1?\s+(?:user|group|localgroup|view)\b|nltest\b|"
        r"\bipconfig\s+/all|systeminfo\b|tasklist\b|dsquery\b|win32_process",
        "looks around on the system",
    ),
    _sign(
        "credential_access",
        1.6,
        r"lsass|\\sam\b.{0,20}save|reg(?:\.exe)?\s+save\s+hklm|ntds\.dit|comsvcs\.dll|vaultcmd|cmdkey\s+/list",
        "reaches for stored credentials",
    ),
    _sign(
        "recovery_inhibited",
        2.0,
        r"vssadmin\b.{0,40}delete|wbadmin\b.{0,40}delete|bcdedit\b.{0,60}recoveryenabled|wmic\b.{0,40}shadowcopy.{0,20}delete",
        "removes what a recovery needs",
    ),
)

#: At the start of a path: where a file lies or what it is called. Text appended to the path does not hide it.
PATH_SIGNS_FOR: tuple[Sign, ...] = (
    _sign(
        "odd_service_binary",
        1.4,
        r"(?:%+systemroot%+|c:\\windows)\\"
        r"(?!(?:explorer|regedit|notepad|hh|winhlp32|write|bfsvc|helppane|splwow64|sysmon(?:64)?)\.exe)[a-z0-9_-]{3,24}\.exe",
        "lies in the Windows root, where services have no business",
    ),
    _sign(
        "public_drop",
        1.0,
        r"c:\\(?:users\\public|perflogs|programdata)\\(?:[^\\]+\\)?[^\\]+\.(?:exe|dll|ps1|bat|vbs|js|hta|scr)",
        "is a program in a folder that everyone may write",
    ),
    _sign(
        "script_child",
        0.5,
        r".{1,200}?\\(?:wscript|cscript|mshta|sdclt|fodhelper|eventvwr|wmiprvse)\.exe",
        "is a program attackers start others with",
    ),
)

_OS = (
    r"c:\\(?:windows\\(?:system32|syswow64|winsxs|servicing|microsoft\.net|assembly|immersivecontrolpanel)"
    r"|program files(?: \(x86\))?)"
)
#: On the whole path: text appended to it makes it another path.
PATH_SIGNS_AGAINST: tuple[Sign, ...] = (
    _sign(
        "update_path",
        -1.6,
        r"c:\\windows\\(?:softwaredistribution|systemtemp|winsxs|servicing|ccmcache|installer)\\[^\"']{1,240}",
        "belongs to the system's own updates",
    ),
    _sign(
        "installer",
        -1.3,
        r"c:\\(?:program files(?: \(x86\))?\\(?:microsoft|google|mozilla)[^\"']{0,200}"
        r"|users\\[^\\]+\\appdata\\local\\microsoft\\onedrive\\[^\"']{0,120})\\(?:[a-z]*setup|update|msedge|chrome|firefox|onedrive|elevation_service|[a-z]*updater?)\.exe",
        "is a known vendor's installer or browser",
    ),
    _sign(
        "policy_test", -1.8, r".{1,240}\\__psscriptpolicytest_[a-z0-9._]{8,24}\.ps1", "is PowerShell's own policy test"
    ),
    _sign(
        "service_host",
        -0.9,
        r"\"?" + _OS + r"\\(?:[^\"'\\]+\\){0,6}(?:svchost|mscorsvw|spoolsv|sdbinst|wsmprovhost|searchindexer|msiexec|"
        r"trustedinstaller|tiworker|fsquirt|notepad|explorer)\.exe(?: -[a-z ]{1,60})?\"?",
        "is a part of the operating system at its own place",
    ),
    _sign("desktop_shell", -0.8, r"c:\\windows\\explorer\.exe", "is the desktop shell, so a person clicked"),
)

_COMMAND_KEYS = (
    "commandline parentcommandline scriptblocktext command full_log url http_user_agent user_agent useragent "
    "payload_printable query cmdline process_command_line hostname workstationname srcuser message request "
    "targetfilename details filename servicename payload"
)
COMMAND_KEYS = frozenset(_COMMAND_KEYS.split())
_PATH_KEYS = (
    "image parentimage targetfilename imageloaded details sourceimage targetimage newprocessname parentprocessname "
    "process_path executable servicefilename imagepath processname"
)
PATH_KEYS = frozenset(_PATH_KEYS.split())
