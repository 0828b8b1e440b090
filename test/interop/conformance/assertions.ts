// What `aegir/chai` gives to the suites of js-stores: chai with promises, and `to.be.true()` for `to.be.true`.
import * as chai from 'chai'
import chaiAsPromised from 'chai-as-promised'
import chaiParentheses from 'chai-parentheses'

chai.use(chaiAsPromised)
chai.use(chaiParentheses)

export const { expect } = chai
