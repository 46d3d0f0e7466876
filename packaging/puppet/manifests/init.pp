# @summary What a machine needs whose Puppet logs are to reach sluice: `include sluice` is `include sluice::forward`.
class sluice {
  include sluice::forward
}
