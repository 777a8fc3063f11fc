// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title RFC 9162 section 2.1 word for word: the recursion of the standard, not the loop of the contract.
library Tree {
    function leafOf(uint256 number) internal pure returns (bytes32) {
        return sha256(abi.encode("leaf", number));
    }

    function root(uint256 first, uint256 size) internal pure returns (bytes32) {
        if (size == 1) return sha256(abi.encodePacked(bytes1(0x00), leafOf(first)));
        uint256 k = split(size);
        return sha256(abi.encodePacked(bytes1(0x01), root(first, k), root(first + k, size - k)));
    }

    /// @return found the inclusion path of leaf `index`, leaf side first (section 2.1.3.1)
    function path(uint256 index, uint256 first, uint256 size) internal pure returns (bytes32[] memory found) {
        if (size == 1) return new bytes32[](0);
        uint256 k = split(size);
        bool left = index < k;
        bytes32[] memory below = left ? path(index, first, k) : path(index - k, first + k, size - k);
        found = new bytes32[](below.length + 1);
        for (uint256 i = 0; i < below.length; ++i) {
            found[i] = below[i];
        }
        found[below.length] = left ? root(first + k, size - k) : root(first, k);
    }

    /// @return k the largest power of two smaller than `size`
    function split(uint256 size) internal pure returns (uint256 k) {
        k = 1;
        while (k * 2 < size) k *= 2;
    }
}
