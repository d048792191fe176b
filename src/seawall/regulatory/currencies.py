"""Which three letters are money? A regulator's file names currencies; a coin is none, however short its name."""

from __future__ import annotations

from seawall.errors import InputError

# ISO 4217, circulating currencies, with the offshore renminbi that trades beside it.
CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNH
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU
MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK
SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD
XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(CODES.split())
NO_CRYPTO = "this rulebook has no bucket for crypto-assets: margin them under a venue's model or your own"


def currency_of(text: str) -> str:
    """The currency in capitals. Raises InputError for anything that is none."""
    name = text.strip().upper()
    if name not in CURRENCIES:
        raise InputError("Qualifier is not a currency", found=text, wanted="an ISO 4217 code such as USD",
                         remedy=f"correct the code; if it is a coin, {NO_CRYPTO}")
    return name


def pair_of(text: str) -> tuple[str, str]:
    """Two currencies of a pair such as USDJPY or USD/JPY, in the order of the alphabet. Raises InputError."""
    name = "".join(letter for letter in text.upper() if letter.isalnum())
    if len(name) != 6 or name[:3] == name[3:]:
        raise InputError("Qualifier is not a currency pair", found=text, wanted="two codes, such as USDJPY",
                         remedy=f"correct the pair; if one is a coin, {NO_CRYPTO}")
    one, other = sorted((currency_of(name[:3]), currency_of(name[3:])))
    return one, other


def refuse_crypto(*texts: str) -> None:
    """Raises InputError where a row says that it is about crypto-assets."""
    if any(word in text.lower() for text in texts for word in ("crypto", "digital asset", "digitalasset")):
        raise InputError("crypto-assets have no bucket here", found=" ".join(text for text in texts if text),
                         wanted="a risk type and bucket of the rulebook", remedy=NO_CRYPTO)
