"""What an audit pack says to the person who opens it, in Chinese and in English."""

from collections.abc import Sequence

_ZH = """审计包（符契 Tallystick）
================================

这个压缩包里有 {bundles} 份数字护照，以及核验它们所需的全部材料。
核验时不需要联系签发方，也不需要连接任何服务器或区块链。

里面有什么
  manifest.json   清单：每个文件的用途、大小和 SHA-256
  bundles/        护照：凭证、签发方当时的公钥文件、在批次中的位置、链上存证
  states/         链上状态证明：某一区块上合约所记载的内容（EIP-1186）
  evidence/       护照所引用的证书和检验报告原件
  contexts/       凭证所用的术语表

{papers_zh}
您自己要准备两样东西，都不要取自本包
  1. 信任名单 trust.json：您认可哪些签发方，他们的公钥是什么，存证在哪条链的哪个合约。
     请由签发方以别的途径交给您，并妥善保存。
  2. 区块哈希：{block_zh}

请原样保存这个文件：解开后再压缩的包，内容虽同，核验工具也不会接受。

怎样核验
  命令行：  tally verify pack.zip --trust trust.json --block-hash 0x…
  浏览器：  打开 verifier.html（单个文件，断网也能用），把本包和信任名单拖进去，填入区块哈希。
            该文件的 SHA-256 公布在签发方网站的 /verifier.sha256。

结论怎么读
  valid 核验通过        每一项都核对过，而且都对
  invalid 核验不通过    至少有一项不对；报告会写明是哪一项、哪里不对
  partial 部分核验      没有发现不对，但有的项目无法核对，例如没有给出区块哈希。这不等于无效

每一项检查证明什么、不证明什么，见产品文档 docs/trust.md。
"""

_EN = """Audit pack (Tallystick)
=======================

This archive holds {bundles} digital passport(s) and everything needed to check them. Checking asks nobody: not the
issuer, not a server, not a blockchain.

What is inside
  manifest.json   every file with its use, size and SHA-256
  bundles/        passports: credential, the issuer's keys at the time, place in the batch, anchor on the chain
  states/         proofs of what the contract held at one block (EIP-1186)
  evidence/       the certificates and inspection reports the passports cite
  contexts/       the vocabularies the credentials use

{papers_en}
You bring two things of your own; take neither from this pack
  1. The trust list, trust.json: which issuers you believe, their keys, and the contract and chain they anchor on.
     Have the issuer give it to you by another way, and keep it.
  2. A block's hash: {block_en}

Keep this file as it is: unpacked and packed again it holds the same, but verifiers will not take it.

How to check
  Command line:  tally verify pack.zip --trust trust.json --block-hash 0x...
  Browser:       open verifier.html (one file, works without a network), drop this pack and the trust list on it
                 and type the block's hash. Its SHA-256 is published at /verifier.sha256 on the issuer's site.

How to read the verdict
  valid     every check was made and holds
  invalid   at least one check failed; the report names which, and how
  partial   nothing failed, but something could not be checked, for example because no block hash was given.
            This does not mean invalid.

What each check proves, and what it does not, is in the product's docs/trust.md.
"""

_BLOCK_ZH = (
    "第 {heights} 号区块。请向签发方以外的人查询它的哈希，例如联盟链的其他成员、公链浏览器，\n"
    "     或以前替您保存过它的人。"
)
_BLOCK_EN = (
    "that of block {heights}. Ask for it elsewhere than the issuer: another member of the consortium,\n"
    "     an explorer of the public chain, or whoever kept it for you."
)
_NO_STATE_ZH = "本包没有链上状态证明（护照尚未上链，或节点不提供证明），无须区块哈希；链上一项要联网核对。"
_NO_STATE_EN = (
    "not needed: this pack holds no proof of the chain's state (not anchored yet, or the node gives none),\n"
    "     so the anchor has to be checked online."
)
_NO_PAPERS_ZH = (
    "本包不含证书和报告原件：它们只交给有权查看的人。护照里有每份原件的 SHA-256，可与您手中的文件比对。\n"
)
_NO_PAPERS_EN = (
    "The papers themselves are not in this pack: they go only to those who may see them. Each passport holds\n"
    "their SHA-256, to compare with files in your hands.\n"
)


def readmes(*, bundles: int, heights: Sequence[int], with_papers: bool) -> dict[str, str]:
    """Return the README files by name.

    Args:
        bundles: How many passports there are.
        heights: The blocks the states are proven at; none when there is no state.
        with_papers: Whether the papers are in the pack.
    """
    numbers = ", ".join(map(str, sorted(set(heights))))
    zh = _BLOCK_ZH.format(heights=numbers) if heights else _NO_STATE_ZH
    en = _BLOCK_EN.format(heights=numbers) if heights else _NO_STATE_EN
    papers_zh, papers_en = ("", "") if with_papers else (_NO_PAPERS_ZH, _NO_PAPERS_EN)
    return {
        "README.en.txt": _EN.format(bundles=bundles, block_en=en, papers_en=papers_en),
        "README.zh.txt": _ZH.format(bundles=bundles, block_zh=zh, papers_zh=papers_zh),
    }
